package dev.graft.tenancy;

import dev.graft.platform.AssignedId;
import jakarta.persistence.Column;
import jakarta.persistence.Entity;
import jakarta.persistence.EnumType;
import jakarta.persistence.Enumerated;
import java.time.Instant;
import org.hibernate.annotations.DynamicUpdate;
import org.jspecify.annotations.Nullable;

/** A program that works for a department and owns keys. */
@Entity
@DynamicUpdate
class ServiceAccount extends AssignedId {
  @Column(updatable = false)
  private String departmentId;

  private String name;

  @Enumerated(EnumType.STRING)
  private Role role;

  @Column(updatable = false)
  private Instant createdAt;

  @Column private @Nullable Instant deletedAt;

  /** For JPA, which fills the fields. */
  @SuppressWarnings("NullAway.Init")
  protected ServiceAccount() {}

  ServiceAccount(String id, String departmentId, String name, Role role, Instant createdAt) {
    super(id);
    this.departmentId = departmentId;
    this.name = name;
    this.role = role;
    this.createdAt = createdAt;
  }

  void rename(String name) {
    this.name = name;
  }

  void assign(Role role) {
    this.role = role;
  }

  void delete(Instant now) {
    deletedAt = now;
  }

  String departmentId() {
    return departmentId;
  }

  String name() {
    return name;
  }

  Role role() {
    return role;
  }

  Instant createdAt() {
    return createdAt;
  }
}
