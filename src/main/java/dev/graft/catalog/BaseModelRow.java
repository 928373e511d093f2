package dev.graft.catalog;

import dev.graft.artifacts.Digest;
import jakarta.persistence.Entity;
import jakarta.persistence.Id;
import jakarta.persistence.Table;
import java.time.Instant;
import org.hibernate.annotations.Immutable;
import org.jspecify.annotations.Nullable;

/** A row of {@code base_model}, for reading. */
@Entity
@Immutable
@Table(name = "base_model")
class BaseModelRow {
  @Id private String name;
  private String family;
  private String manifest;
  private long parameters;
  private int contextLength;
  private long bytes;
  private @Nullable String license;
  private @Nullable Instant disabledAt;
  private Instant createdAt;

  /** For JPA, which fills the fields. */
  @SuppressWarnings("NullAway.Init")
  protected BaseModelRow() {}

  BaseModel model() {
    return new BaseModel(
        name,
        family,
        new Digest(manifest),
        parameters,
        contextLength,
        bytes,
        license,
        disabledAt == null,
        createdAt);
  }
}
