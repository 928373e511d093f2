package dev.graft.jobs;

import dev.graft.tenancy.Caller;
import java.util.LinkedHashMap;
import java.util.List;
import java.util.Map;
import org.jspecify.annotations.Nullable;
import org.springframework.context.annotation.Profile;
import org.springframework.security.core.annotation.AuthenticationPrincipal;
import org.springframework.util.MultiValueMap;
import org.springframework.web.bind.annotation.GetMapping;
import org.springframework.web.bind.annotation.PathVariable;
import org.springframework.web.bind.annotation.PostMapping;
import org.springframework.web.bind.annotation.RequestBody;
import org.springframework.web.bind.annotation.RequestMapping;
import org.springframework.web.bind.annotation.RequestParam;
import org.springframework.web.bind.annotation.RestController;
import tools.jackson.databind.JsonNode;
import tools.jackson.databind.node.ObjectNode;

/** OpenAI's fine-tuning jobs. */
@RestController
@Profile("server")
@RequestMapping("/v1/fine_tuning/jobs")
class JobController {
  private final SubmitJob submitJob;
  private final JobLedger jobs;
  private final JobEvents events;

  JobController(SubmitJob submitJob, JobLedger jobs, JobEvents events) {
    this.submitJob = submitJob;
    this.jobs = jobs;
    this.events = events;
  }

  @PostMapping
  ObjectNode create(@AuthenticationPrincipal Caller caller, @RequestBody JsonNode body) {
    return JobObject.of(submitJob.submit(caller, body));
  }

  @GetMapping
  JobPage.Of list(
      @AuthenticationPrincipal Caller caller,
      @RequestParam @Nullable String after,
      @RequestParam @Nullable String limit,
      @RequestParam MultiValueMap<String, String> query) {
    int size = JobPage.limit(limit, 20);
    JobPage.MetadataFilter filter = JobPage.MetadataFilter.of(query);
    List<JobRow> rows =
        jobs.list(caller.departmentId(), after, size + 1, filter.json(), filter.without());
    return JobPage.of(rows.stream().map(JobObject::of).toList(), size);
  }

  @GetMapping("/{id}")
  ObjectNode get(@AuthenticationPrincipal Caller caller, @PathVariable String id) {
    return JobObject.of(require(caller, id));
  }

  /** Cancelling twice is one cancellation; cancelling what has ended is refused. */
  @PostMapping("/{id}/cancel")
  ObjectNode cancel(@AuthenticationPrincipal Caller caller, @PathVariable String id) {
    boolean asked = jobs.cancel(caller.departmentId(), id);
    JobRow job = require(caller, id);
    if (!asked && job.state().terminal()) {
      throw new JobRefused(
          null, "invalid_state", "the job has already %s".formatted(job.state().wire()));
    }
    return JobObject.of(job);
  }

  @PostMapping("/{id}/{action:pause|resume}")
  ObjectNode pause(
      @AuthenticationPrincipal Caller caller,
      @PathVariable String id,
      @PathVariable String action) {
    require(caller, id);
    throw new JobRefused(
        null, "not_supported", action + " is not built yet; cancel the job and submit it again");
  }

  @GetMapping("/{id}/events")
  JobPage.Of events(
      @AuthenticationPrincipal Caller caller,
      @PathVariable String id,
      @RequestParam @Nullable String after,
      @RequestParam @Nullable String limit) {
    int size = JobPage.limit(limit, 20);
    require(caller, id);
    int before = after == null ? Integer.MAX_VALUE : EventObject.number(id, after);
    return JobPage.of(
        events.list(id, before, size + 1).stream().map(e -> EventObject.of(id, e)).toList(), size);
  }

  @GetMapping("/{id}/checkpoints")
  Map<String, Object> checkpoints(
      @AuthenticationPrincipal Caller caller,
      @PathVariable String id,
      @RequestParam @Nullable String after,
      @RequestParam @Nullable String limit) {
    int size = JobPage.limit(limit, 10);
    JobRow job = require(caller, id);
    JobPage.Of page =
        JobPage.of(
            events.checkpoints(id, after, size + 1).stream()
                .map(c -> EventObject.of(job, c))
                .toList(),
            size);
    return withEnds(page);
  }

  private static Map<String, Object> withEnds(JobPage.Of page) {
    Map<String, Object> json = new LinkedHashMap<>();
    json.put("object", page.object());
    json.put("data", page.data());
    json.put("first_id", page.data().isEmpty() ? null : page.data().getFirst().get("id"));
    json.put("last_id", page.data().isEmpty() ? null : page.data().getLast().get("id"));
    json.put("has_more", page.hasMore());
    return json;
  }

  private JobRow require(Caller caller, String id) {
    return jobs.find(caller.departmentId(), id).orElseThrow(() -> JobMissing.named(id));
  }
}
