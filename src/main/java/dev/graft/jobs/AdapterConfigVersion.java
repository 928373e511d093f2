package dev.graft.jobs;

import jakarta.persistence.Column;
import jakarta.persistence.Embeddable;
import jakarta.persistence.EmbeddedId;
import jakarta.persistence.Entity;
import jakarta.persistence.FetchType;
import jakarta.persistence.JoinColumn;
import jakarta.persistence.ManyToOne;
import jakarta.persistence.MapsId;
import jakarta.persistence.Transient;
import java.time.Instant;
import org.hibernate.annotations.Immutable;
import org.hibernate.annotations.JdbcTypeCode;
import org.hibernate.type.SqlTypes;
import org.jspecify.annotations.Nullable;
import tools.jackson.databind.json.JsonMapper;
import tools.jackson.databind.node.ObjectNode;

/** One version of a named configuration, or a preset. A version never changes. */
@Entity
@Immutable
class AdapterConfigVersion {
  private static final JsonMapper JSON = JsonMapper.shared();

  @EmbeddedId private Key key;

  @MapsId("configId")
  @ManyToOne(fetch = FetchType.LAZY)
  @JoinColumn(name = "config_id")
  private AdapterConfig config;

  private @Nullable String description;

  /** JSON, as a job would name it in {@code adapter}. */
  @JdbcTypeCode(SqlTypes.JSON)
  private String adapter;

  private Instant createdAt;

  @Transient private boolean preset;

  @Embeddable
  record Key(@Column(name = "config_id") String configId, int version) {}

  /** For JPA, which fills the fields. */
  @SuppressWarnings("NullAway.Init")
  protected AdapterConfigVersion() {}

  AdapterConfigVersion(
      AdapterConfig config,
      int version,
      @Nullable String description,
      ObjectNode adapter,
      Instant createdAt,
      boolean preset) {
    this.key = new Key(config.id(), version);
    this.config = config;
    this.description = description;
    this.adapter = adapter.toString();
    this.createdAt = createdAt;
    this.preset = preset;
  }

  /** A configuration that every department has; its name is its id, and it is never stored. */
  static AdapterConfigVersion preset(String name, String description, ObjectNode adapter) {
    var config = new AdapterConfig(name, "", name, Instant.EPOCH);
    return new AdapterConfigVersion(config, 1, description, adapter, Instant.EPOCH, true);
  }

  /** {@code ac_...}, or the name of a preset. */
  String id() {
    return config.id();
  }

  String name() {
    return config.name();
  }

  int version() {
    return key.version();
  }

  @Nullable String description() {
    return description;
  }

  ObjectNode adapter() {
    return (ObjectNode) JSON.readTree(adapter);
  }

  Instant createdAt() {
    return createdAt;
  }

  boolean preset() {
    return preset;
  }
}
