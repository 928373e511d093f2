package dev.graft.tenancy;

import java.util.Set;

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
