package dev.graft.jobs;

import dev.graft.platform.AssignedId;
import jakarta.persistence.CascadeType;
import jakarta.persistence.Column;
import jakarta.persistence.Entity;
import jakarta.persistence.OneToMany;
import java.time.Instant;
import java.util.ArrayList;
import java.util.List;
import org.hibernate.annotations.DynamicUpdate;
import org.jspecify.annotations.Nullable;
import tools.jackson.databind.node.ObjectNode;

/** A named adapter configuration of a department. Its settings are its versions. */
@Entity
@DynamicUpdate
class AdapterConfig extends AssignedId {

  @Column(updatable = false)
  private String departmentId;

  private String name;

  @Column(updatable = false)
  private Instant createdAt;

  @Column private @Nullable Instant deletedAt;

  /** Only ever added to; read by queries, which need not load them all. */
  @OneToMany(mappedBy = "config", cascade = CascadeType.PERSIST)
  private final List<AdapterConfigVersion> versions = new ArrayList<>();

  /** For JPA, which fills the fields. */
  @SuppressWarnings("NullAway.Init")
  protected AdapterConfig() {}

  AdapterConfig(String id, String departmentId, String name, Instant createdAt) {
    super(id);
    this.departmentId = departmentId;
    this.name = name;
    this.createdAt = createdAt;
  }

  /**
   * @param version one more than the newest
   */
  void add(int version, @Nullable String description, ObjectNode adapter, Instant now) {
    versions.add(new AdapterConfigVersion(this, version, description, adapter, now, false));
  }

  void delete(Instant now) {
    deletedAt = now;
  }

  String name() {
    return name;
  }
}
