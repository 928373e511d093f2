package dev.graft.recipes;

import jakarta.persistence.Column;
import jakarta.persistence.Embeddable;
import jakarta.persistence.EmbeddedId;
import jakarta.persistence.Entity;
import jakarta.persistence.FetchType;
import jakarta.persistence.JoinColumn;
import jakarta.persistence.ManyToOne;
import jakarta.persistence.Table;
import java.time.Instant;
import org.hibernate.annotations.JdbcTypeCode;
import org.hibernate.type.SqlTypes;
import org.jspecify.annotations.Nullable;
import tools.jackson.databind.json.JsonMapper;
import tools.jackson.databind.node.ObjectNode;

/** A row of {@code adapter_config_version}, which never changes. */
@Entity
@Table(name = "adapter_config_version")
class AdapterConfigVersionRow {
  private static final JsonMapper JSON = JsonMapper.shared();

  @EmbeddedId private Key key;

  @ManyToOne(fetch = FetchType.LAZY)
  @JoinColumn(name = "config_id", insertable = false, updatable = false)
  private AdapterConfigRow config;

  private @Nullable String description;

  @JdbcTypeCode(SqlTypes.JSON)
  private String adapter;

  private Instant createdAt;

  @Embeddable
  record Key(@Column(name = "config_id") String configId, int version) {}

  /** For JPA, which fills the fields. */
  @SuppressWarnings("NullAway.Init")
  protected AdapterConfigVersionRow() {}

  AdapterConfigVersionRow(
      AdapterConfigRow config,
      int version,
      @Nullable String description,
      ObjectNode adapter,
      Instant createdAt) {
    this.key = new Key(config.id(), version);
    this.config = config;
    this.description = description;
    this.adapter = adapter.toString();
    this.createdAt = createdAt;
  }

  AdapterConfigVersion version() {
    return new AdapterConfigVersion(
        config.id(),
        config.name(),
        key.version(),
        description,
        (ObjectNode) JSON.readTree(adapter),
        createdAt,
        false);
  }
}
