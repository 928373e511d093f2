package dev.graft.tenancy;

import dev.graft.platform.OwnRows;
import java.util.Set;
import org.jspecify.annotations.Nullable;

/**
 * Who is calling on behalf of a department. Controllers take it as {@code @AuthenticationPrincipal
 * Caller}.
 */
public record Caller(
    String departmentId, String departmentName, Actor actor, Set<Permission> permissions)
    implements Identity, OwnRows {
  /** What a key that is made on the server is for. */
  public enum Scope {
    /** The department's own things. */
    USER,
    /** Those, and the whole organisation. */
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
