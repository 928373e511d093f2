/**
 * Which model answers, and what an answer is asked of. {@link
 * dev.graft.inference.serving.ServedModels} turns the name in a request into a {@link
 * dev.graft.inference.serving.ServedModel}, whose files {@link
 * dev.graft.inference.serving.ModelDirectories} lays out on disk; an {@link
 * dev.graft.inference.serving.Inferrer} is whatever answers with it.
 *
 * <p>How it fails: {@link dev.graft.inference.serving.NoCapacity} if an answer cannot be begun now,
 * {@link dev.graft.inference.serving.InferrerLost} if it is lost half way; callers hear of both,
 * and of models that are not there, as {@link dev.graft.inference.serving.InferenceRefused}.
 */
@NullMarked
package dev.graft.inference.serving;

import org.jspecify.annotations.NullMarked;
