package dev.graft.catalog;

import dev.graft.artifacts.Digest;
import dev.graft.weights.ModelConfig;
import java.time.Instant;

/**
 * A registered base model.
 *
 * @param family {@code model_type} of its configuration
 * @param manifest digest of the manifest blob that names every file of the model directory
 * @param contextLength {@code max_position_embeddings}, in tokens
 */
public record BaseModel(
    String name,
    String family,
    Digest manifest,
    long parameters,
    int contextLength,
    long bytes,
    Instant createdAt) {
  /** Whether it can write text at all; an encoder only classifies it. */
  public boolean writesText() {
    return !ModelConfig.isEncoder(family);
  }
}
