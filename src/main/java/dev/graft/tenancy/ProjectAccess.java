package dev.graft.tenancy;

import dev.graft.platform.ProblemType;
import dev.graft.platform.RequestFailed;
import java.util.Set;
import org.springframework.stereotype.Component;

/**
 * Decides which departments a caller reaches under {@code /v1/organization/projects/{id}}: their
 * own, or all with a permission for the organisation. Others seem not to exist.
 */
@Component
public class ProjectAccess {
  private final Departments departments;

  ProjectAccess(Departments departments) {
    this.departments = departments;
  }

  /** Returns the department, or fails with 404 if the caller may not see it. */
  public Department toRead(Identity identity, String id) {
    return reached(identity, id, Permission.ORGANIZATION_READ);
  }

  /** Does as {@link #toRead}, and fails if the department is archived. */
  public Department toWrite(Identity identity, String id) {
    Department department = reached(identity, id, Permission.ORGANIZATION_WRITE);
    if (department.archivedAt() != null) {
      throw new RequestFailed(ProblemType.WRONG_STATE, "This project is archived.", "id");
    }
    return department;
  }

  /** Refuses to grant permissions that the caller does not have; administrators may grant all. */
  public static void requireGrantable(Identity identity, Set<Permission> permissions) {
    if (!identity.permissions().contains(Permission.ORGANIZATION_WRITE)
        && !identity.permissions().containsAll(permissions)) {
      throw new RequestFailed(
          ProblemType.PERMISSION_DENIED,
          "You cannot grant permissions that your key does not have.");
    }
  }

  private Department reached(Identity identity, String id, Permission forAll) {
    return departments
        .get(id)
        .filter(department -> identity.reaches(department.id(), forAll))
        .orElseThrow(() -> RequestFailed.notFound("project", id));
  }
}
