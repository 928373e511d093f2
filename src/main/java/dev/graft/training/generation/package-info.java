/**
 * Asks a base model with at most one adapter. It continues texts: the prompt in one pass, then
 * token by token over a key-value cache; or labels them, a batch in one pass ({@link
 * dev.graft.training.generation.Classifiers}). The layers are those of training ({@link
 * dev.graft.training.model.family.Family}), so an answer comes from the same arithmetic as the
 * loss. {@link dev.graft.training.generation.Continuation} is one text with its keys and values;
 * {@link dev.graft.training.generation.Sampler} chooses each token from its logits, on the host.
 *
 * <p>A base is read once, widened to f32 and kept. Putting an adapter on loads its factors and
 * compiles the layers for them, a fraction of a second; the base stays.
 *
 * <p>How it fails: a base that cannot be read is a {@link dev.graft.weights.files.BadModel} and an
 * adapter that does not fit an {@link IllegalArgumentException}, after which the adapter before is
 * still in place. Everything happens on the thread that loaded the model.
 */
@NullMarked
@NamedInterface("generation")
package dev.graft.training.generation;

import org.jspecify.annotations.NullMarked;
import org.springframework.modulith.NamedInterface;
