package dev.graft.console;

import dev.graft.tenancy.Caller;
import dev.graft.tenancy.Identity;
import dev.graft.tenancy.Permission;
import org.jspecify.annotations.Nullable;

/** Who looks at a page: what its frame shows. */
record Visitor(Identity identity) {
  /** The department's name; null for an administrator of none. */
  public @Nullable String departmentName() {
    return identity instanceof Caller caller ? caller.departmentName() : null;
  }

  public @Nullable String departmentId() {
    return identity instanceof Caller caller ? caller.departmentId() : null;
  }

  public @Nullable String email() {
    return identity.actor().email();
  }

  public boolean inDepartment() {
    return identity instanceof Caller;
  }

  public boolean administrates() {
    return identity.permissions().contains(Permission.ORGANIZATION_READ);
  }

  /** Whether the department's limits, keys and use are for them to see. */
  public boolean readsDepartment() {
    return identity.permissions().contains(Permission.PROJECT_READ);
  }

  /** Whether they make keys of it. */
  public boolean changesDepartment() {
    return identity.permissions().contains(Permission.PROJECT_WRITE);
  }
}
