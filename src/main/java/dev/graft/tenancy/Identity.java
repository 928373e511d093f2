package dev.graft.tenancy;

import java.util.Set;

/** The caller of the public API, with their permissions. */
public sealed interface Identity permits Caller, Identity.Administrator {
  Actor actor();

  Set<Permission> permissions();

  /**
   * Returns whether the caller may reach this department on a route that they may use.
   *
   * @param forAll the permission that gives access to every department
   */
  boolean reaches(String departmentId, Permission forAll);

  /** An administrator of the organisation, who belongs to no department. */
  record Administrator(Actor actor, Set<Permission> permissions) implements Identity {
    public Administrator {
      permissions = Set.copyOf(permissions);
    }

    @Override
    public boolean reaches(String departmentId, Permission forAll) {
      return permissions.contains(forAll);
    }
  }
}
