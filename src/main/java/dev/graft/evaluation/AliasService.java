package dev.graft.evaluation;

import dev.graft.adapters.Adapter;
import dev.graft.adapters.Adapters;
import dev.graft.adapters.ModelAliases.AliasMoved;
import dev.graft.adapters.ModelResolver;
import dev.graft.evaluation.ModelAliasMove.Kind;
import dev.graft.evaluation.QualityGate.PassedGates;
import dev.graft.platform.Ids;
import dev.graft.platform.ProblemType;
import dev.graft.platform.RequestFailed;
import dev.graft.platform.TransactionLocks;
import dev.graft.tenancy.AuditLog;
import dev.graft.tenancy.Caller;
import java.time.Clock;
import java.time.Instant;
import java.util.LinkedHashMap;
import java.util.Map;
import org.jspecify.annotations.Nullable;
import org.slf4j.Logger;
import org.slf4j.LoggerFactory;
import org.springframework.context.ApplicationEventPublisher;
import org.springframework.stereotype.Service;
import org.springframework.transaction.annotation.Transactional;
import tools.jackson.databind.json.JsonMapper;

/** Creates, moves and deletes aliases. */
@Service
class AliasService {
  private static final Logger log = LoggerFactory.getLogger(AliasService.class);
  private static final int MOST = 1000;

  private final Aliases aliases;
  private final ModelResolver models;
  private final Adapters adapters;
  private final EvaluationService evaluations;
  private final JsonMapper json;
  private final TransactionLocks locks;
  private final AuditLog audit;
  private final ApplicationEventPublisher events;
  private final Ids ids;
  private final Clock clock;

  AliasService(
      Aliases aliases,
      ModelResolver models,
      Adapters adapters,
      EvaluationService evaluations,
      JsonMapper json,
      TransactionLocks locks,
      AuditLog audit,
      ApplicationEventPublisher events,
      Ids ids,
      Clock clock) {
    this.aliases = aliases;
    this.models = models;
    this.adapters = adapters;
    this.evaluations = evaluations;
    this.json = json;
    this.locks = locks;
    this.audit = audit;
    this.events = events;
    this.ids = ids;
    this.clock = clock;
  }

  ModelAlias require(String departmentId, String name) {
    return aliases.find(departmentId, name).orElseThrow(() -> unknown(name));
  }

  private static RequestFailed unknown(String name) {
    return RequestFailed.notFound("alias", name);
  }

  /** Returns its name. */
  @Transactional
  public String create(Caller caller, String name, String model, @Nullable String reason) {
    String department = caller.departmentId();
    locks.take("aliases " + department);
    if (aliases.find(department, name).isPresent()) {
      throw RequestFailed.invalid(
          "name",
          "There is already an alias '%s'. To move it, use POST /v1/aliases/%s."
              .formatted(name, name));
    }
    if (models.find(department, name).isPresent()) {
      throw RequestFailed.invalid("name", "There is already a model '%s'.".formatted(name));
    }
    if (aliases.countByKeyDepartmentId(department) >= MOST) {
      throw new RequestFailed(
          ProblemType.QUOTA_EXCEEDED,
          "The department already has the maximum of %d aliases.".formatted(MOST));
    }
    String to = target(department, model).name();
    var alias = new ModelAlias(new ModelAlias.Key(department, name), clock.instant());
    add(caller, alias, 1, 1, Kind.CREATED, to, null, reason, null);
    return name;
  }

  /**
   * Does nothing if the alias already stands for the model.
   *
   * @param model name of the model or id of its adapter
   * @param evaluation that the model must have passed, or null
   * @param ifCurrent the model that the alias must stand for now, or null
   */
  @Transactional
  public ModelAlias move(
      Caller caller,
      String name,
      String model,
      @Nullable String reason,
      @Nullable String evaluation,
      @Nullable String ifCurrent) {
    ModelAlias alias = locked(caller, name);
    String to = target(alias.departmentId(), model).name();
    if (to.equals(alias.model())) return alias;
    alias.requireCurrent(ifCurrent);
    PassedGates passed = evaluation == null ? null : evidence(alias, to, evaluation);
    int number = aliases.newestMove(alias) + 1;
    add(caller, alias, number, number, Kind.MOVED, to, alias.chosenBy(), reason, passed);
    return alias;
  }

  /** Goes back to the model before; called again, to the one before that. */
  @Transactional
  public ModelAlias rollBack(
      Caller caller, String name, @Nullable String reason, @Nullable String ifCurrent) {
    ModelAlias alias = locked(caller, name);
    alias.requireCurrent(ifCurrent);
    ModelAliasMove back =
        aliases
            .earlier(alias, alias.chosenBy())
            .orElseThrow(
                () ->
                    new RequestFailed(
                        ProblemType.WRONG_STATE,
                        "'%s' stands for its first model; there is none to go back to."
                            .formatted(name),
                        "alias"));
    String to = target(alias.departmentId(), back.to()).name();
    int number = aliases.newestMove(alias) + 1;
    add(caller, alias, number, back.number(), Kind.ROLLED_BACK, to, null, reason, null);
    return alias;
  }

  /** The parameters are those of {@link ModelAliasMove} and {@link ModelAlias#add}. */
  private void add(
      Caller caller,
      ModelAlias alias,
      int number,
      int chosenBy,
      Kind kind,
      String to,
      @Nullable Integer earlier,
      @Nullable String reason,
      @Nullable PassedGates passed) {
    String evidence = passed == null ? null : json.writeValueAsString(passed);
    String by = caller.actor().id();
    Instant now = clock.instant();
    var move =
        new ModelAliasMove(
            ids.next("almv_"), alias, number, kind, to, earlier, reason, evidence, by, now);
    alias.add(move, chosenBy);
    if (alias.isNew()) aliases.save(alias);
    aliases.flush();
    Map<String, String> details = new LinkedHashMap<>();
    if (move.from() != null) details.put("from", move.from());
    details.put("to", to);
    if (passed != null) details.put("evaluation", passed.evaluation());
    audit.write("alias." + kind.wire, alias.departmentId(), alias.name(), details);
    events.publishEvent(new AliasMoved(alias.departmentId(), alias.name()));
    log.atInfo()
        .addKeyValue("alias", alias.name())
        .addKeyValue("kind", kind.wire)
        .addKeyValue("model", to)
        .log("alias_moved");
  }

  @Transactional
  public void delete(Caller caller, String name) {
    if (aliases.delete(new ModelAlias.Key(caller.departmentId(), name)) == 0) throw unknown(name);
    audit.write("alias.deleted", caller.departmentId(), name, Map.of());
    events.publishEvent(new AliasMoved(caller.departmentId(), name));
  }

  private ModelAlias locked(Caller caller, String name) {
    return aliases
        .findToChangeByKey(new ModelAlias.Key(caller.departmentId(), name))
        .orElseThrow(() -> unknown(name));
  }

  /** Returns a model of the department, which cannot be deleted before this transaction ends. */
  private Adapter target(String departmentId, String model) {
    return adapters
        .hold(departmentId, model)
        .orElseThrow(
            () ->
                new RequestFailed(
                        ProblemType.MODEL_NOT_FOUND,
                        "The department has no fine-tuned model '%s', or it was deleted. GET /v1/adapters lists its models."
                            .formatted(model),
                        "model")
                    .about(model));
  }

  /**
   * @param champion the alias before the move
   * @param challenger the model that it is to stand for
   * @throws RequestFailed if the challenger has not passed, or was compared with another model
   */
  private PassedGates evidence(ModelAlias champion, String challenger, String evaluation) {
    PassedGates passed =
        PassedGates.of(evaluations.require(champion.departmentId(), evaluation), challenger);
    if (passed.compares() && !champion.model().equals(passed.baseline())) {
      throw new RequestFailed(
          ProblemType.WRONG_STATE,
          "The gates of %s compare with '%s', but '%s' stands for '%s'. To compare with it, evaluate with \"baseline\": \"%s\"."
              .formatted(
                  evaluation,
                  passed.baseline(),
                  champion.name(),
                  champion.model(),
                  champion.name()),
          "evaluation");
    }
    return passed;
  }
}
