package dev.graft.tenancy;

import dev.graft.platform.ProblemType;
import dev.graft.platform.RequestFailed;
import java.util.Set;
import org.springframework.stereotype.Component;

/**
 * Which departments a caller reaches under {@code /v1/organization/projects/{id}}: their own, or
 * all with the organisation's permission. Others look as if they did not exist.
 */
@Component
public class ProjectAccess {
  private final Departments departments;

  ProjectAccess(Departments departments) {
    this.departments = departments;
  }

  /** By id; 404 if the caller may not see it. */
  public Department toRead(Identity identity, String id) {
    return reached(identity, id, Permission.ORGANIZATION_READ);
  }

  /** As {@link #toRead}; also refuses an archived one, which does not change any more. */
  public Department toWrite(Identity identity, String id) {
    Department department = reached(identity, id, Permission.ORGANIZATION_WRITE);
    if (department.archivedAt() != null) {
      throw new RequestFailed(ProblemType.WRONG_STATE, "This project is archived.", "id");
    }
    return department;
  }

  /** Nobody hands out what they may not do themselves; an administrator may hand out all. */
  public static void requireGrantable(Identity identity, Set<Permission> permissions) {
    if (!identity.permissions().contains(Permission.ORGANIZATION_WRITE)
        && !identity.permissions().containsAll(permissions)) {
      throw new RequestFailed(
          ProblemType.PERMISSION_DENIED, "This key may not hand out more than it may do itself.");
    }
  }

  private Department reached(Identity identity, String id, Permission forAll) {
    return departments
        .get(id)
        .filter(department -> identity.reaches(department.id(), forAll))
        .orElseThrow(() -> RequestFailed.notFound("project", id));
  }
}
