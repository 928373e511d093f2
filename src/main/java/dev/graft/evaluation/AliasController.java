package dev.graft.evaluation;

import dev.graft.platform.Cursor;
import dev.graft.platform.CursorPage;
import dev.graft.platform.DeletedObject;
import dev.graft.platform.Idempotency;
import dev.graft.platform.IdempotentRequest;
import dev.graft.platform.RequestFailed;
import dev.graft.tenancy.Caller;
import jakarta.servlet.http.HttpServletRequest;
import org.jspecify.annotations.Nullable;
import org.springframework.data.domain.Limit;
import org.springframework.security.core.annotation.AuthenticationPrincipal;
import org.springframework.web.bind.annotation.DeleteMapping;
import org.springframework.web.bind.annotation.GetMapping;
import org.springframework.web.bind.annotation.PathVariable;
import org.springframework.web.bind.annotation.PostMapping;
import org.springframework.web.bind.annotation.RequestBody;
import org.springframework.web.bind.annotation.RequestParam;
import org.springframework.web.bind.annotation.RestController;
import tools.jackson.databind.JsonNode;

/** Aliases: names for the model version in use, which are moved and rolled back. */
@RestController
class AliasController {
  private static final String ALL = "/v1/aliases";
  private static final String ONE = ALL + "/{alias}";
  private static final int LONGEST = 1000;

  private final AliasService service;
  private final Aliases aliases;
  private final Idempotency idempotency;

  AliasController(AliasService service, Aliases aliases, Idempotency idempotency) {
    this.service = service;
    this.aliases = aliases;
    this.idempotency = idempotency;
  }

  record NewAlias(@Nullable String name, @Nullable String model, @Nullable String reason) {}

  record MoveRequest(
      @Nullable String model,
      @Nullable String reason,
      @Nullable String evaluation,
      @Nullable String ifCurrent) {}

  record RollbackRequest(@Nullable String reason, @Nullable String ifCurrent) {}

  @PostMapping(ALL)
  AliasObject create(
      @AuthenticationPrincipal Caller caller,
      HttpServletRequest http,
      @RequestBody NewAlias request) {
    String name = ModelAlias.checkedName(request.name());
    String model = text(RequestFailed.required(request.model(), "model"), "model");
    String reason = optional(request.reason(), "reason");
    IdempotentRequest submission =
        IdempotentRequest.of(
            http, caller.departmentId(), "POST " + ALL, IdempotentRequest.hash(request.toString()));
    return get(
        caller, idempotency.once(submission, () -> service.create(caller, name, model, reason)));
  }

  @GetMapping(ALL)
  CursorPage<AliasObject> list(
      @AuthenticationPrincipal Caller caller,
      @RequestParam @Nullable String after,
      @RequestParam @Nullable String limit) {
    Cursor page = Cursor.parse(after, limit, null, 20, 100);
    return CursorPage.ofOneMore(
        aliases.page(caller.departmentId(), page.after(), Limit.of(page.limit() + 1)),
        page,
        ModelAlias::object,
        AliasObject::id);
  }

  @GetMapping(ONE)
  AliasObject get(@AuthenticationPrincipal Caller caller, @PathVariable String alias) {
    return service.require(caller.departmentId(), alias).object();
  }

  @PostMapping(ONE)
  AliasObject move(
      @AuthenticationPrincipal Caller caller,
      @PathVariable String alias,
      @RequestBody MoveRequest request) {
    service.require(caller.departmentId(), alias);
    return service
        .move(
            caller,
            alias,
            text(RequestFailed.required(request.model(), "model"), "model"),
            optional(request.reason(), "reason"),
            optional(request.evaluation(), "evaluation"),
            optional(request.ifCurrent(), "if_current"))
        .object();
  }

  /** The body may be left out. */
  @PostMapping(ONE + "/rollback")
  AliasObject rollBack(
      @AuthenticationPrincipal Caller caller,
      @PathVariable String alias,
      @RequestBody(required = false) @Nullable RollbackRequest request) {
    String reason = request == null ? null : optional(request.reason(), "reason");
    String current = request == null ? null : optional(request.ifCurrent(), "if_current");
    return service.rollBack(caller, alias, reason, current).object();
  }

  /** Newest first. */
  @GetMapping(ONE + "/history")
  CursorPage<AliasMoveObject> history(
      @AuthenticationPrincipal Caller caller,
      @PathVariable String alias,
      @RequestParam @Nullable String after,
      @RequestParam @Nullable String limit) {
    ModelAlias found = service.require(caller.departmentId(), alias);
    Cursor page = Cursor.parse(after, limit, null, 20, 100);
    return CursorPage.ofOneMore(
        aliases.history(found, page.after(), Limit.of(page.limit() + 1)),
        page,
        ModelAliasMove::object,
        AliasMoveObject::id);
  }

  @DeleteMapping(ONE)
  DeletedObject delete(@AuthenticationPrincipal Caller caller, @PathVariable String alias) {
    service.delete(caller, alias);
    return new DeletedObject(alias, "alias.deleted", true);
  }

  private static @Nullable String optional(@Nullable String value, String param) {
    return value == null ? null : text(value, param);
  }

  private static String text(String value, String param) {
    if (!value.isBlank() && value.length() <= LONGEST && value.indexOf('\0') < 0) return value;
    throw RequestFailed.invalid(
        param, "%s must have 1 to %d characters and not contain U+0000.".formatted(param, LONGEST));
  }

  /**
   * An alias in API responses. Times in unix seconds.
   *
   * @param id its name
   * @param model that answers chats
   */
  record AliasObject(String id, String object, String model, long createdAt, long movedAt) {}

  /**
   * A move in API responses. Times in unix seconds.
   *
   * @param evidence a {@link dev.graft.evaluation.QualityGate.PassedGates}, or null
   */
  record AliasMoveObject(
      String id,
      String object,
      String alias,
      ModelAliasMove.Kind kind,
      @Nullable String from,
      String to,
      @Nullable String reason,
      @Nullable JsonNode evidence,
      String movedBy,
      long createdAt) {}
}
