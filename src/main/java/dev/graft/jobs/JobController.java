package dev.graft.jobs;

import dev.graft.artifacts.Digest;
import dev.graft.jobs.JobRows.JobRow;
import dev.graft.platform.Cursor;
import dev.graft.platform.CursorPage;
import dev.graft.platform.Idempotency;
import dev.graft.platform.IdempotentRequest;
import dev.graft.platform.MetadataFilter;
import dev.graft.platform.ProblemType;
import dev.graft.platform.RequestFailed;
import dev.graft.platform.Span;
import dev.graft.tenancy.AuditLog;
import dev.graft.tenancy.Caller;
import jakarta.servlet.http.HttpServletRequest;
import java.util.List;
import java.util.Map;
import java.util.stream.Stream;
import org.jspecify.annotations.Nullable;
import org.springframework.security.core.annotation.AuthenticationPrincipal;
import org.springframework.transaction.annotation.Transactional;
import org.springframework.util.MultiValueMap;
import org.springframework.web.bind.annotation.GetMapping;
import org.springframework.web.bind.annotation.PathVariable;
import org.springframework.web.bind.annotation.PostMapping;
import org.springframework.web.bind.annotation.RequestBody;
import org.springframework.web.bind.annotation.RequestMapping;
import org.springframework.web.bind.annotation.RequestParam;
import org.springframework.web.bind.annotation.RestController;
import tools.jackson.databind.JsonNode;
import tools.jackson.databind.json.JsonMapper;
import tools.jackson.databind.node.ObjectNode;

/** OpenAI's fine-tuning jobs. */
@RestController
@RequestMapping("/v1/fine_tuning/jobs")
class JobController {
  private static final int MOST = 100;

  private final SubmitJob submitJob;
  private final JobRows jobs;
  private final JobObjects objects;
  private final JobEvents events;
  private final JobLedger ledger;
  private final Idempotency idempotency;
  private final AuditLog audit;
  private final JsonMapper json;

  JobController(
      SubmitJob submitJob,
      JobRows jobs,
      JobObjects objects,
      JobEvents events,
      JobLedger ledger,
      Idempotency idempotency,
      AuditLog audit,
      JsonMapper json) {
    this.submitJob = submitJob;
    this.jobs = jobs;
    this.objects = objects;
    this.events = events;
    this.ledger = ledger;
    this.idempotency = idempotency;
    this.audit = audit;
    this.json = json;
  }

  @PostMapping
  ObjectNode create(
      @AuthenticationPrincipal Caller caller, HttpServletRequest http, @RequestBody byte[] body) {
    JsonNode request = json.readTree(body);
    IdempotentRequest submission =
        IdempotentRequest.of(
            http, caller.departmentId(), "POST /v1/fine_tuning/jobs", Digest.of(body).hex());
    return get(caller, idempotency.once(submission, () -> submit(caller, request)));
  }

  private String submit(Caller caller, JsonNode request) {
    return Span.current()
        .child(
            "submit job",
            Span.Kind.PRODUCER,
            span -> {
              String job = submitJob.submit(caller, request);
              span.put("graft.job_id", job);
              return job;
            });
  }

  @GetMapping
  CursorPage<ObjectNode> list(
      @AuthenticationPrincipal Caller caller,
      @RequestParam @Nullable String after,
      @RequestParam @Nullable String limit,
      @RequestParam MultiValueMap<String, String> query) {
    Cursor cursor = Cursor.parse(after, limit, null, 20, MOST);
    MetadataFilter filter = MetadataFilter.parse(query);
    String pairs = filter.pairs().isEmpty() ? null : json.writeValueAsString(filter.pairs());
    List<JobRow> oneMore =
        jobs.list(
            caller.departmentId(), cursor.after(), cursor.limit() + 1, pairs, filter.absent());
    return page(objects.of(oneMore).stream(), cursor);
  }

  @GetMapping("/{id}")
  ObjectNode get(@AuthenticationPrincipal Caller caller, @PathVariable String id) {
    return objects.of(require(caller, id));
  }

  /** Cancels the job; a second call changes nothing. A job that has ended is refused. */
  @PostMapping("/{id}/cancel")
  @Transactional
  ObjectNode cancel(@AuthenticationPrincipal Caller caller, @PathVariable String id) {
    boolean asked = ledger.cancel(caller.departmentId(), id, caller.actor().id(), null);
    JobRow job = require(caller, id);
    if (!asked && job.state().terminal()) {
      throw new RequestFailed(
          ProblemType.WRONG_STATE,
          "The job has already ended: it is %s".formatted(job.state().wire()));
    }
    if (asked) audit.write("fine_tuning.job.cancelled", caller.departmentId(), id, Map.of());
    return objects.of(job);
  }

  /** Pauses the job; a running one is "pausing" until it has written a checkpoint. */
  @PostMapping("/{id}/pause")
  ObjectNode pause(@AuthenticationPrincipal Caller caller, @PathVariable String id) {
    boolean asked = ledger.pause(caller.departmentId(), id, caller.actor().id());
    JobRow job = require(caller, id);
    boolean paused = job.state() == JobState.PAUSED || job.pauseRequested();
    if (!asked && !paused) throw wrongState(job, "paused");
    return objects.of(job);
  }

  /** Puts the job at the end of the queue, to continue from its newest checkpoint. */
  @PostMapping("/{id}/resume")
  ObjectNode resume(@AuthenticationPrincipal Caller caller, @PathVariable String id) {
    boolean resumed = ledger.resume(caller.departmentId(), id, caller.actor().id());
    JobRow job = require(caller, id);
    boolean onItsWay = job.state() != JobState.PAUSED && !job.state().terminal();
    if (!resumed && !onItsWay) throw wrongState(job, "resumed");
    return objects.of(job);
  }

  private static RequestFailed wrongState(JobRow job, String what) {
    String now = job.cancelRequested() ? "being cancelled" : job.state().wire();
    return new RequestFailed(
        ProblemType.WRONG_STATE, "The job cannot be %s: it is %s".formatted(what, now));
  }

  @GetMapping("/{id}/events")
  CursorPage<ObjectNode> events(
      @AuthenticationPrincipal Caller caller,
      @PathVariable String id,
      @RequestParam @Nullable String after,
      @RequestParam @Nullable String limit) {
    Cursor cursor = Cursor.parse(after, limit, null, 20, MOST);
    require(caller, id);
    int before =
        cursor.start().map(e -> JobEvents.JobEventObject.number(id, e)).orElse(Integer.MAX_VALUE);
    return page(
        events.list(id, before, cursor.limit() + 1).stream()
            .map(e -> JobEvents.JobEventObject.of(id, e)),
        cursor);
  }

  @GetMapping("/{id}/checkpoints")
  CursorPage<ObjectNode> checkpoints(
      @AuthenticationPrincipal Caller caller,
      @PathVariable String id,
      @RequestParam @Nullable String after,
      @RequestParam @Nullable String limit) {
    Cursor cursor = Cursor.parse(after, limit, null, 10, MOST);
    JobRow job = require(caller, id);
    return page(
        events.checkpoints(id, cursor.after(), cursor.limit() + 1).stream()
            .map(c -> JobEvents.JobEventObject.of(job, c)),
        cursor);
  }

  private static CursorPage<ObjectNode> page(Stream<ObjectNode> oneMore, Cursor cursor) {
    return CursorPage.ofOneMore(
        oneMore.toList(), cursor.limit(), object -> object.path("id").asString());
  }

  private JobRow require(Caller caller, String id) {
    return jobs.find(caller.departmentId(), id)
        .orElseThrow(() -> RequestFailed.notFound("fine-tuning job", id));
  }
}
