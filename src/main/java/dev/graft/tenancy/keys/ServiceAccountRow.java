package dev.graft.tenancy.keys;

import dev.graft.tenancy.Role;
import jakarta.persistence.Column;
import jakarta.persistence.Entity;
import jakarta.persistence.Id;
import jakarta.persistence.Table;
import jakarta.persistence.Version;
import java.time.Instant;
import org.jspecify.annotations.Nullable;

/** A row of {@code service_account}: a program that works for a department; keys are its. */
@Entity
@Table(name = "service_account")
class ServiceAccountRow {
  @Id private String id;

  @Column(updatable = false)
  private String departmentId;

  private String name;
  private String role;

  @Column(updatable = false)
  private Instant createdAt;

  @SuppressWarnings("UnusedVariable") // asked for by the statements
  private @Nullable Instant deletedAt;

  @SuppressWarnings("UnusedVariable")
  @Version
  private @Nullable Integer version;

  /** For JPA, which fills the fields. */
  @SuppressWarnings("NullAway.Init")
  protected ServiceAccountRow() {}

  ServiceAccountRow(String id, String departmentId, String name, Role role, Instant createdAt) {
    this.id = id;
    this.departmentId = departmentId;
    this.name = name;
    this.role = role.wire();
    this.createdAt = createdAt;
  }

  /** Null leaves something as it is. */
  void change(@Nullable String newName, @Nullable Role newRole) {
    if (newName != null) name = newName;
    if (newRole != null) role = newRole.wire();
  }

  void delete(Instant now) {
    deletedAt = now;
  }

  String id() {
    return id;
  }

  String departmentId() {
    return departmentId;
  }

  String name() {
    return name;
  }

  Role role() {
    return Role.of(role);
  }

  Instant createdAt() {
    return createdAt;
  }
}
