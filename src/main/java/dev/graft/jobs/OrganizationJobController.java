package dev.graft.jobs;

import dev.graft.platform.Cursor;
import dev.graft.platform.CursorPage;
import dev.graft.platform.RequestFailed;
import dev.graft.tenancy.Department;
import dev.graft.tenancy.Departments;
import java.util.Arrays;
import java.util.HashMap;
import java.util.List;
import java.util.Map;
import org.jspecify.annotations.Nullable;
import org.springframework.web.bind.annotation.GetMapping;
import org.springframework.web.bind.annotation.RequestParam;
import org.springframework.web.bind.annotation.RestController;
import tools.jackson.databind.node.ObjectNode;

/** Lists the jobs of all departments, for administrators. */
@RestController
class OrganizationJobController {
  private static final int MOST = 100;

  private final JobRows jobs;
  private final JobObjects objects;
  private final Departments departments;

  OrganizationJobController(JobRows jobs, JobObjects objects, Departments departments) {
    this.jobs = jobs;
    this.objects = objects;
    this.departments = departments;
  }

  /** Lists jobs newest first, each with its {@code project}. */
  @GetMapping("/v1/organization/fine_tuning/jobs")
  CursorPage<ObjectNode> list(
      @RequestParam @Nullable String after,
      @RequestParam @Nullable String limit,
      @RequestParam(name = "project_ids[]", defaultValue = "") List<String> projects,
      @RequestParam @Nullable String status) {
    Cursor cursor = Cursor.parse(after, limit, null, 20, MOST);
    List<JobRows.JobRow> oneMore =
        jobs.listAll(projects, states(status), cursor.after(), cursor.limit() + 1);
    List<ObjectNode> found = objects.of(oneMore);
    Map<String, String> names = new HashMap<>();
    for (int i = 0; i < found.size(); i++) {
      String id = oneMore.get(i).departmentId();
      found
          .get(i)
          .putObject("project")
          .put("id", id)
          .put(
              "name",
              names.computeIfAbsent(
                  id, each -> departments.get(each).map(Department::name).orElse("")));
    }
    return CursorPage.ofOneMore(found, cursor.limit(), job -> job.path("id").asString());
  }

  /** Returns the states that have this name on the wire; empty = all states. */
  private static List<JobState> states(@Nullable String status) {
    if (status == null) return List.of();
    List<JobState> states =
        Arrays.stream(JobState.values()).filter(state -> state.wire().equals(status)).toList();
    if (!states.isEmpty()) return states;
    throw RequestFailed.invalid(
        "status", "must be queued, running, paused, succeeded, failed or cancelled");
  }
}
