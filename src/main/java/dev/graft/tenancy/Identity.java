package dev.graft.tenancy;

import java.util.Set;

/** Who is calling the public API, and what they may do. */
public sealed interface Identity permits Caller, Identity.Administrator {
  Actor actor();

  Set<Permission> permissions();

  /**
   * Whether they may do something to this department, once the route has let them pass.
   *
   * @param forAll the permission that opens every department
   */
  boolean reaches(String departmentId, Permission forAll);

  /** Someone who looks after the organisation and belongs to no department. */
  public record Administrator(Actor actor, Set<Permission> permissions) implements Identity {
    public Administrator {
      permissions = Set.copyOf(permissions);
    }

    @Override
    public boolean reaches(String departmentId, Permission forAll) {
      return permissions.contains(forAll);
    }
  }
}
