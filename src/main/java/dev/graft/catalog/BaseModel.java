package dev.graft.catalog;

import dev.graft.artifacts.Digest;
import java.time.Instant;

/**
 * A registered base model.
 *
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
    Instant createdAt) {}
