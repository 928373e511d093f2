package dev.graft.evaluation;

import dev.graft.adapters.Adapter;
import dev.graft.adapters.ModelAliases.AliasMoved;
import dev.graft.adapters.ModelAliases.ModelAlias;
import dev.graft.adapters.ModelResolver;
import dev.graft.evaluation.AliasHistory.Entry;
import dev.graft.platform.ProblemType;
import dev.graft.platform.RequestFailed;
import dev.graft.platform.TransactionLocks;
import dev.graft.tenancy.AuditLog;
import dev.graft.tenancy.Caller;
import java.util.LinkedHashMap;
import java.util.Map;
import org.jspecify.annotations.Nullable;
import org.slf4j.Logger;
import org.slf4j.LoggerFactory;
import org.springframework.context.ApplicationEventPublisher;
import org.springframework.stereotype.Service;
import org.springframework.transaction.annotation.Transactional;
import tools.jackson.databind.JsonNode;

/** The aliases of the departments. Each method is one transaction: all of a move, or nothing. */
@Service
class Aliases {
  private static final Logger log = LoggerFactory.getLogger(Aliases.class);
  private static final int MOST = 1000;

  private final AliasRows rows;
  private final AliasHistory history;
  private final ModelResolver models;
  private final AliasEvidence evidence;
  private final TransactionLocks locks;
  private final AuditLog audit;
  private final ApplicationEventPublisher events;

  Aliases(
      AliasRows rows,
      AliasHistory history,
      ModelResolver models,
      AliasEvidence evidence,
      TransactionLocks locks,
      AuditLog audit,
      ApplicationEventPublisher events) {
    this.rows = rows;
    this.history = history;
    this.models = models;
    this.evidence = evidence;
    this.locks = locks;
    this.audit = audit;
    this.events = events;
  }

  /**
   * What a move asks for.
   *
   * @param model name or adapter's id
   * @param evaluation that the model must have passed, or null
   * @param ifCurrent the model that the alias must stand for now, or null
   */
  record Move(
      String model,
      @Nullable String reason,
      @Nullable String evaluation,
      @Nullable String ifCurrent) {}

  @Transactional(readOnly = true)
  ModelAlias require(String departmentId, String name) {
    return rows.find(departmentId, name).orElseThrow(() -> unknown(name));
  }

  private static RequestFailed unknown(String name) {
    return RequestFailed.notFound("alias", name);
  }

  /** Returns its name. */
  @Transactional
  String create(Caller caller, String name, String model, @Nullable String reason) {
    String department = caller.departmentId();
    locks.take("aliases " + department);
    if (rows.find(department, name).isPresent()) {
      throw RequestFailed.invalid(
          "name", "There is an alias '%s'; POST /v1/aliases/%s moves it.".formatted(name, name));
    }
    if (models.find(department, name).isPresent()) {
      throw RequestFailed.invalid("name", "There is a model '%s'.".formatted(name));
    }
    if (rows.all(department).size() >= MOST) {
      throw new RequestFailed(
          ProblemType.QUOTA_EXCEEDED,
          "The department has %d aliases: as many as it may.".formatted(MOST));
    }
    Adapter target = target(department, model);
    rows.insert(department, name, target.name());
    Entry entry =
        new Entry(AliasMove.Kind.CREATED, null, target.name(), null, reason, null, caller.actor());
    history.add(department, name, entry);
    told(department, name, entry, null);
    return name;
  }

  /** To a model that it stands for already it is not moved again. */
  @Transactional
  ModelAlias move(Caller caller, String name, Move asked) {
    ModelAlias now = locked(caller, name);
    Adapter target = target(now.departmentId(), asked.model());
    if (target.name().equals(now.model())) return now;
    requireCurrent(now, asked.ifCurrent());
    JsonNode passed = evidence.of(now, target.name(), asked.evaluation());
    Entry entry =
        new Entry(
            AliasMove.Kind.MOVED,
            now.model(),
            target.name(),
            now.chosenBy(),
            asked.reason(),
            passed == null ? null : passed.toString(),
            caller.actor());
    rows.point(now, target.name(), history.add(now.departmentId(), name, entry));
    told(now.departmentId(), name, entry, asked.evaluation());
    return require(now.departmentId(), name);
  }

  /** To the model before; again, to the one before that. */
  @Transactional
  ModelAlias rollBack(
      Caller caller, String name, @Nullable String reason, @Nullable String ifCurrent) {
    ModelAlias now = locked(caller, name);
    requireCurrent(now, ifCurrent);
    AliasMove back =
        history
            .earlier(now)
            .orElseThrow(
                () ->
                    new RequestFailed(
                        ProblemType.WRONG_STATE,
                        "'%s' stands for the first model that it had: there is none to go back to."
                            .formatted(name),
                        "alias"));
    Adapter target = target(now.departmentId(), back.to());
    Entry entry =
        new Entry(
            AliasMove.Kind.ROLLED_BACK,
            now.model(),
            target.name(),
            null,
            reason,
            null,
            caller.actor());
    history.add(now.departmentId(), name, entry);
    rows.point(now, target.name(), back.number());
    told(now.departmentId(), name, entry, null);
    return require(now.departmentId(), name);
  }

  @Transactional
  void delete(Caller caller, String name) {
    if (!rows.delete(caller.departmentId(), name)) throw unknown(name);
    audit.write("alias.deleted", caller.departmentId(), name, Map.of());
    events.publishEvent(new AliasMoved(caller.departmentId(), name));
  }

  private ModelAlias locked(Caller caller, String name) {
    return rows.lock(caller.departmentId(), name).orElseThrow(() -> unknown(name));
  }

  private static void requireCurrent(ModelAlias now, @Nullable String ifCurrent) {
    if (ifCurrent == null || ifCurrent.equals(now.model())) return;
    throw new RequestFailed(
        ProblemType.PRECONDITION_FAILED,
        "'%s' stands for '%s' now: read it again, then decide.".formatted(now.name(), now.model()),
        "if_current");
  }

  /** One of the department's results, which is not deleted before this transaction ends. */
  private Adapter target(String departmentId, String model) {
    return models
        .hold(departmentId, model)
        .orElseThrow(
            () ->
                new RequestFailed(
                        ProblemType.MODEL_NOT_FOUND,
                        "'%s' is none of the department's fine-tuned models, or was deleted: GET /v1/adapters lists them."
                            .formatted(model),
                        "model")
                    .about(model));
  }

  private void told(String departmentId, String name, Entry entry, @Nullable String evaluation) {
    Map<String, String> details = new LinkedHashMap<>();
    if (entry.from() != null) details.put("from", entry.from());
    details.put("to", entry.to());
    if (evaluation != null) details.put("evaluation", evaluation);
    audit.write("alias." + entry.kind().wire(), departmentId, name, details);
    events.publishEvent(new AliasMoved(departmentId, name));
    log.atInfo()
        .addKeyValue("alias", name)
        .addKeyValue("kind", entry.kind().wire())
        .addKeyValue("model", entry.to())
        .log("alias_moved");
  }
}
