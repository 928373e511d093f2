package dev.graft.tenancy;

import dev.graft.platform.AssignedId;
import jakarta.persistence.Entity;
import java.time.Instant;
import org.hibernate.annotations.Immutable;
import org.jspecify.annotations.Nullable;

/** A person, known by an e-mail address. */
@Entity
@Immutable
class Person extends AssignedId {
  private String email;

  private @Nullable String name;

  private Instant createdAt;

  /** For JPA, which fills the fields. */
  @SuppressWarnings("NullAway.Init")
  protected Person() {}

  Person(String id, String email, Instant createdAt) {
    super(id);
    this.email = email;
    this.createdAt = createdAt;
  }

  String email() {
    return email;
  }

  @Nullable String name() {
    return name;
  }

  Instant createdAt() {
    return createdAt;
  }
}
