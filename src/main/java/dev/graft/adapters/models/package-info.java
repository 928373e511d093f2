/**
 * What a model's name means to a department ({@link dev.graft.adapters.models.ModelResolver}): a
 * base model, one of its results or checkpoints, or another department's that it may use. OpenAI's
 * {@code /v1/models} lists them, and further jobs continue from them. A name whose model is not
 * there yet, or no more, is resolved to the reason, so that callers can say it.
 */
@NullMarked
@NamedInterface("models")
package dev.graft.adapters.models;

import org.jspecify.annotations.NullMarked;
import org.springframework.modulith.NamedInterface;
