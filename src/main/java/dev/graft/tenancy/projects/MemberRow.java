package dev.graft.tenancy.projects;

import dev.graft.tenancy.Role;
import jakarta.persistence.Column;
import jakarta.persistence.Embeddable;
import jakarta.persistence.EmbeddedId;
import jakarta.persistence.Entity;
import jakarta.persistence.FetchType;
import jakarta.persistence.JoinColumn;
import jakarta.persistence.ManyToOne;
import jakarta.persistence.Table;
import java.time.Instant;

/** A row of {@code department_member}: a person's place in a department. */
@Entity
@Table(name = "department_member")
class MemberRow {
  @Embeddable
  record Key(String departmentId, @Column(name = "person_id") String personId) {}

  @EmbeddedId
  @SuppressWarnings("UnusedVariable") // read by JPA
  private Key id;

  @ManyToOne(fetch = FetchType.LAZY, optional = false)
  @JoinColumn(name = "person_id", insertable = false, updatable = false)
  private PersonRow person;

  private String role;

  @Column(updatable = false)
  private Instant addedAt;

  /** For JPA, which fills the fields. */
  @SuppressWarnings("NullAway.Init")
  protected MemberRow() {}

  MemberRow(String departmentId, PersonRow person, Role role, Instant addedAt) {
    this.id = new Key(departmentId, person.id());
    this.person = person;
    this.role = role.wire();
    this.addedAt = addedAt;
  }

  MemberRow in(Role wanted) {
    role = wanted.wire();
    return this;
  }

  PersonRow person() {
    return person;
  }

  String role() {
    return role;
  }

  Instant addedAt() {
    return addedAt;
  }
}
