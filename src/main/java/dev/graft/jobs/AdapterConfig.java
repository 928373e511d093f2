package dev.graft.jobs;

import jakarta.persistence.CascadeType;
import jakarta.persistence.Column;
import jakarta.persistence.Entity;
import jakarta.persistence.Id;
import jakarta.persistence.OneToMany;
import jakarta.persistence.PostLoad;
import jakarta.persistence.PostPersist;
import jakarta.persistence.Transient;
import java.time.Instant;
import java.util.ArrayList;
import java.util.List;
import org.hibernate.annotations.DynamicUpdate;
import org.jspecify.annotations.Nullable;
import org.springframework.data.domain.Persistable;
import tools.jackson.databind.node.ObjectNode;

/** A named adapter configuration of a department. Its settings are its versions. */
@Entity
@DynamicUpdate
class AdapterConfig implements Persistable<String> {
  @Id private String id;

  @Column(updatable = false)
  private String departmentId;

  private String name;

  @Column(updatable = false)
  private Instant createdAt;

  @Column private @Nullable Instant deletedAt;

  /** Only ever added to; read by queries, which need not load them all. */
  @OneToMany(mappedBy = "config", cascade = CascadeType.PERSIST)
  private final List<AdapterConfigVersion> versions = new ArrayList<>();

  @Transient private boolean inserted;

  /** For JPA, which fills the fields. */
  @SuppressWarnings("NullAway.Init")
  protected AdapterConfig() {}

  AdapterConfig(String id, String departmentId, String name, Instant createdAt) {
    this.id = id;
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

  String id() {
    return id;
  }

  String name() {
    return name;
  }

  @Override
  public String getId() {
    return id;
  }

  /** Ids are assigned, so that a missing id does not mean a new row. */
  @Override
  public boolean isNew() {
    return !inserted;
  }

  @PostLoad
  @PostPersist
  void inserted() {
    inserted = true;
  }
}
