package dev.graft.adapters;

import dev.graft.platform.ProblemType;
import dev.graft.platform.RequestFailed;
import dev.graft.tenancy.Department;
import dev.graft.tenancy.Departments;
import java.util.List;
import java.util.Optional;
import org.jspecify.annotations.Nullable;
import org.springframework.stereotype.Component;

/** The {@code project_ids} of a request for permissions. */
@Component
class PermittedProjects {
  private static final int MOST = 100;

  private final Departments departments;

  PermittedProjects(Departments departments) {
    this.departments = departments;
  }

  /** Returns distinct ids; refuses unknown and archived departments. */
  List<String> of(@Nullable List<@Nullable String> wanted) {
    if (wanted == null || wanted.isEmpty()) {
      throw new RequestFailed(
          ProblemType.MISSING_PARAMETER,
          "Missing required parameter: 'project_ids'.",
          "project_ids");
    }
    if (wanted.size() > MOST) {
      throw RequestFailed.invalid("project_ids", "At most " + MOST + " projects at a time.");
    }
    return wanted.stream().distinct().map(this::project).toList();
  }

  private String project(@Nullable String id) {
    return Optional.ofNullable(id)
        .flatMap(departments::get)
        .filter(department -> department.archivedAt() == null)
        .map(Department::id)
        .orElseThrow(() -> RequestFailed.invalid("project_ids", "No such project: " + id));
  }
}
