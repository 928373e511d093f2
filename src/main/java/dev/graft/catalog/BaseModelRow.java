package dev.graft.catalog;

import dev.graft.artifacts.Digest;
import jakarta.persistence.Entity;
import jakarta.persistence.Id;
import jakarta.persistence.Table;
import jakarta.persistence.Version;
import java.time.Instant;
import org.jspecify.annotations.Nullable;

/** A row of {@code base_model}; only whether it is enabled is ever written later. */
@Entity
@Table(name = "base_model")
class BaseModelRow {
  @Id private String name;

  @SuppressWarnings("UnusedVariable") // Hibernate's
  @Version
  private @Nullable Integer version;

  private String family;
  private String manifest;
  private long parameters;
  private int contextLength;
  private long bytes;
  private @Nullable String license;
  private @Nullable String source;
  private @Nullable Instant disabledAt;
  private Instant createdAt;

  /** For JPA, which fills the fields. */
  @SuppressWarnings("NullAway.Init")
  protected BaseModelRow() {}

  BaseModelRow(BaseModel model) {
    this.name = model.name();
    this.family = model.family();
    this.manifest = model.manifest().hex();
    this.parameters = model.parameters();
    this.contextLength = model.contextLength();
    this.bytes = model.bytes();
    this.license = model.license();
    this.source = model.source();
    this.createdAt = model.createdAt();
  }

  BaseModel model() {
    return new BaseModel(
        name,
        family,
        new Digest(manifest),
        parameters,
        contextLength,
        bytes,
        license,
        source,
        isEnabled(),
        createdAt);
  }

  boolean isEnabled() {
    return disabledAt == null;
  }

  void enable() {
    disabledAt = null;
  }

  void disable(Instant now) {
    disabledAt = now;
  }
}
