package dev.graft.catalog;

import dev.graft.artifacts.Digest;
import dev.graft.weights.ModelConfig;
import dev.graft.weights.TransformersModel;
import java.time.Instant;
import org.jspecify.annotations.Nullable;

/**
 * A registered base model.
 *
 * @param family {@code model_type} of its configuration
 * @param manifest digest of the manifest blob that names every file of the model directory
 * @param contextLength {@code max_position_embeddings}, in tokens
 * @param license what its README.md says, or null
 * @param source {@code hf:organization/name@commit}, {@code gguf:file} or {@code upload:file}; null
 *     of a directory
 * @param enabled whether jobs may be submitted for it
 */
public record BaseModel(
    String name,
    String family,
    Digest manifest,
    long parameters,
    int contextLength,
    long bytes,
    @Nullable String license,
    @Nullable String source,
    boolean enabled,
    Instant createdAt) {
  /** Whether it can write text at all; an encoder only classifies it. */
  public boolean writesText() {
    return !ModelConfig.isEncoder(family);
  }

  /** Whether Graft's own kernels lack it: it trains on a Ray cluster, and answers nothing here. */
  public boolean onlyOnRay() {
    return TransformersModel.isType(family);
  }
}
