package dev.graft.tenancy.projects;

import jakarta.persistence.Entity;
import jakarta.persistence.Id;
import jakarta.persistence.Table;
import java.time.Instant;
import org.jspecify.annotations.Nullable;

/** A row of {@code person}, which never changes. */
@Entity
@Table(name = "person")
class PersonRow {
  @Id private String id;
  private String email;
  private @Nullable String name;

  @SuppressWarnings("UnusedVariable") // since when an owner of a key is known who is no member
  private Instant createdAt;

  /** For JPA, which fills the fields. */
  @SuppressWarnings("NullAway.Init")
  protected PersonRow() {}

  PersonRow(String id, String email, Instant createdAt) {
    this.id = id;
    this.email = email;
    this.createdAt = createdAt;
  }

  String id() {
    return id;
  }

  String email() {
    return email;
  }

  @Nullable String name() {
    return name;
  }
}
