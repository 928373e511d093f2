package dev.graft.evaluation;

import dev.graft.datasets.StoredFiles;
import dev.graft.platform.Cursor;
import dev.graft.platform.CursorPage;
import dev.graft.platform.DeletedObject;
import dev.graft.platform.Idempotency;
import dev.graft.platform.IdempotentRequest;
import dev.graft.tenancy.Caller;
import jakarta.servlet.http.HttpServletRequest;
import java.util.List;
import java.util.Map;
import org.jspecify.annotations.Nullable;
import org.springframework.security.core.annotation.AuthenticationPrincipal;
import org.springframework.web.bind.annotation.DeleteMapping;
import org.springframework.web.bind.annotation.GetMapping;
import org.springframework.web.bind.annotation.PathVariable;
import org.springframework.web.bind.annotation.PostMapping;
import org.springframework.web.bind.annotation.RequestBody;
import org.springframework.web.bind.annotation.RequestParam;
import org.springframework.web.bind.annotation.RestController;

/** Whether a model is better than another. */
@RestController
class EvaluationController {
  private static final String ALL = "/v1/evaluations";
  private static final String ONE = ALL + "/{evaluation}";

  private final Evaluations evaluations;
  private final EvaluationSamples samples;
  private final StoredFiles files;
  private final Idempotency idempotency;

  EvaluationController(
      Evaluations evaluations,
      EvaluationSamples samples,
      StoredFiles files,
      Idempotency idempotency) {
    this.evaluations = evaluations;
    this.samples = samples;
    this.files = files;
    this.idempotency = idempotency;
  }

  @PostMapping(ALL)
  EvaluationObject create(
      @AuthenticationPrincipal Caller caller,
      HttpServletRequest http,
      @RequestBody EvaluationRequest request) {
    String department = caller.departmentId();
    IdempotentRequest submission =
        IdempotentRequest.of(
            http, department, "POST " + ALL, IdempotentRequest.hash(request.toString()));
    String id = idempotency.once(submission, () -> evaluations.create(department, request));
    return object(department, id);
  }

  private EvaluationObject object(String department, String id) {
    return objects(department, List.of(evaluations.require(department, id))).getFirst();
  }

  private List<EvaluationObject> objects(String department, List<Evaluation> found) {
    Map<String, String> names =
        files.names(department, found.stream().map(each -> each.plan().file()).toList());
    return found.stream()
        .map(each -> EvaluationObject.of(each, names.get(each.plan().file()), null))
        .toList();
  }

  /** The newest first. */
  @GetMapping(ALL)
  CursorPage<EvaluationObject> list(
      @AuthenticationPrincipal Caller caller,
      @RequestParam @Nullable String model,
      @RequestParam @Nullable String after,
      @RequestParam @Nullable String limit) {
    Cursor page = Cursor.parse(after, limit, null, 20, 100);
    return CursorPage.ofOneMore(
        objects(caller.departmentId(), evaluations.list(caller.departmentId(), model, page)),
        page.limit(),
        EvaluationObject::id);
  }

  @GetMapping(ONE)
  EvaluationObject get(@AuthenticationPrincipal Caller caller, @PathVariable String evaluation) {
    String department = caller.departmentId();
    Evaluation found = evaluations.require(department, evaluation);
    return EvaluationObject.of(
        found,
        files.names(department, List.of(found.plan().file())).get(found.plan().file()),
        found.results() == null ? samples.soFar(found) : null);
  }

  /** In the order of the file: what was asked, what is known, what every model said so far. */
  @GetMapping(ONE + "/samples")
  CursorPage<SampleObject> samples(
      @AuthenticationPrincipal Caller caller,
      @PathVariable String evaluation,
      @RequestParam @Nullable String outcome,
      @RequestParam @Nullable String metric,
      @RequestParam @Nullable String model,
      @RequestParam @Nullable String after,
      @RequestParam @Nullable String limit) {
    Cursor page = Cursor.parse(after, limit, null, 20, 100);
    Evaluation found = evaluations.require(caller.departmentId(), evaluation);
    SampleFilter wanted = SampleFilter.parse(outcome, metric, model, found.plan());
    return CursorPage.ofOneMore(samples.list(found, wanted, page), page.limit(), SampleObject::id);
  }

  @PostMapping(ONE + "/cancel")
  EvaluationObject cancel(@AuthenticationPrincipal Caller caller, @PathVariable String evaluation) {
    evaluations.cancel(caller.departmentId(), evaluation);
    return get(caller, evaluation);
  }

  @DeleteMapping(ONE)
  DeletedObject delete(@AuthenticationPrincipal Caller caller, @PathVariable String evaluation) {
    evaluations.delete(caller.departmentId(), evaluation);
    return new DeletedObject(evaluation, "evaluation.deleted", true);
  }
}
