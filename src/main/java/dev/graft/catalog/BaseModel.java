package dev.graft.catalog;

import dev.graft.artifacts.Digest;
import dev.graft.weights.ModelConfig;
import dev.graft.weights.TransformersModel;
import jakarta.persistence.AttributeConverter;
import jakarta.persistence.Column;
import jakarta.persistence.Convert;
import jakarta.persistence.Embeddable;
import java.time.Instant;
import org.jspecify.annotations.Nullable;

/**
 * A registered base model.
 *
 * @param family {@code model_type} of its configuration
 * @param manifest digest of the manifest blob that names every file of the model directory
 * @param contextLength {@code max_position_embeddings}, in tokens
 * @param license from its README.md, or null
 * @param source {@code hf:organization/name@commit}, {@code gguf:file} or {@code upload:file}; null
 *     of a directory
 * @param disabledAt since when no jobs may be submitted for it; null = they may
 */
@Embeddable
public record BaseModel(
    @Column(insertable = false, updatable = false) String name,
    String family,
    @Convert(converter = DigestColumn.class) Digest manifest,
    long parameters,
    int contextLength,
    long bytes,
    @Nullable String license,
    @Nullable String source,
    @Nullable Instant disabledAt,
    Instant createdAt) {
  /** Returns whether jobs may be submitted for it. */
  public boolean enabled() {
    return disabledAt == null;
  }

  /** Returns false of an encoder, which only classifies text. */
  public boolean writesText() {
    return !ModelConfig.isEncoder(family);
  }

  /**
   * Returns whether it trains on a Ray cluster only, since Graft's own kernels do not support it.
   */
  public boolean onlyOnRay() {
    return TransformersModel.isType(family);
  }

  /** Stores a digest as 64 hexadecimal digits. */
  static final class DigestColumn implements AttributeConverter<Digest, String> {
    @Override
    public String convertToDatabaseColumn(Digest digest) {
      return digest.hex();
    }

    @Override
    public Digest convertToEntityAttribute(String hex) {
      return new Digest(hex);
    }
  }
}
