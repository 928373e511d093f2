package dev.graft.tenancy;

import dev.graft.platform.AssignedId;
import jakarta.persistence.AttributeOverride;
import jakarta.persistence.Column;
import jakarta.persistence.Embedded;
import jakarta.persistence.Entity;
import org.hibernate.annotations.DynamicUpdate;
import org.jspecify.annotations.Nullable;

/** How long a department keeps things, as its administrators set it. */
@Entity
@DynamicUpdate
@AttributeOverride(name = "id", column = @Column(name = "department_id"))
class RetentionPolicy extends AssignedId {
  /** Null if no column has a value. */
  @Embedded private @Nullable RetentionDays days;

  /** For JPA, which fills the fields. */
  protected RetentionPolicy() {}

  RetentionPolicy(String departmentId) {
    super(departmentId);
  }

  RetentionDays days() {
    return days == null ? RetentionDays.UNSET : days;
  }

  void set(RetentionDays days) {
    this.days = days;
  }
}
