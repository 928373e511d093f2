package dev.graft.tenancy;

import dev.graft.platform.OwnRows;
import java.util.Set;
import org.jspecify.annotations.Nullable;

/**
 * A caller who acts for a department. Controllers take it as {@code @AuthenticationPrincipal
 * Caller}.
 */
public record Caller(
    String departmentId, String departmentName, Actor actor, Set<Permission> permissions)
    implements Identity, OwnRows {
  /** The scope of a key that is created on the server. */
  public enum Scope {
    /** The department. */
    USER,
    /** The department and the whole organisation. */
    ADMIN
  }

  public Caller {
    permissions = Set.copyOf(permissions);
  }

  @Override
  public boolean reaches(String departmentId, Permission forAll) {
    return departmentId.equals(this.departmentId) || permissions.contains(forAll);
  }

  @Override
  public @Nullable String ownRowsOf() {
    boolean all =
        permissions.contains(Permission.ORGANIZATION_READ)
            || permissions.contains(Permission.ORGANIZATION_WRITE);
    return all ? null : departmentId;
  }
}
