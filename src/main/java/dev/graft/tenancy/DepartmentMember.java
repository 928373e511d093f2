package dev.graft.tenancy;

import jakarta.persistence.Column;
import jakarta.persistence.Embeddable;
import jakarta.persistence.EmbeddedId;
import jakarta.persistence.Entity;
import jakarta.persistence.EnumType;
import jakarta.persistence.Enumerated;
import jakarta.persistence.FetchType;
import jakarta.persistence.JoinColumn;
import jakarta.persistence.ManyToOne;
import jakarta.persistence.MapsId;
import java.time.Instant;
import org.hibernate.annotations.DynamicUpdate;

/** A person's place in a department. */
@Entity
@DynamicUpdate
class DepartmentMember {
  // Only JPA reads it.
  @SuppressWarnings("UnusedVariable")
  @EmbeddedId
  private Key key;

  @MapsId("personId")
  @ManyToOne(fetch = FetchType.LAZY)
  @JoinColumn(name = "person_id")
  private Person person;

  @Enumerated(EnumType.STRING)
  private Role role;

  @Column(updatable = false)
  private Instant addedAt;

  @Embeddable
  record Key(String departmentId, @Column(name = "person_id") String personId) {}

  /** For JPA, which fills the fields. */
  @SuppressWarnings("NullAway.Init")
  protected DepartmentMember() {}

  DepartmentMember(String departmentId, Person person, Role role, Instant addedAt) {
    this.key = new Key(departmentId, person.id());
    this.person = person;
    this.role = role;
    this.addedAt = addedAt;
  }

  void assign(Role role) {
    this.role = role;
  }

  Person person() {
    return person;
  }

  Role role() {
    return role;
  }

  Instant addedAt() {
    return addedAt;
  }
}
