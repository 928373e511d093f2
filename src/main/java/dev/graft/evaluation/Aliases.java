package dev.graft.evaluation;

import static dev.graft.platform.database.ResultColumns.time;

import com.fasterxml.jackson.annotation.JsonValue;
import dev.graft.adapters.Adapter;
import dev.graft.adapters.ModelAliases.AliasMoved;
import dev.graft.adapters.ModelAliases.ModelAlias;
import dev.graft.adapters.ModelResolver;
import dev.graft.evaluation.Aliases.AliasHistory.Entry;
import dev.graft.evaluation.Aliases.AliasMove;
import dev.graft.platform.Cursor;
import dev.graft.platform.Ids;
import dev.graft.platform.ProblemType;
import dev.graft.platform.RequestFailed;
import dev.graft.platform.TransactionLocks;
import dev.graft.tenancy.Actor;
import dev.graft.tenancy.AuditLog;
import dev.graft.tenancy.Caller;
import java.sql.ResultSet;
import java.sql.SQLException;
import java.time.Instant;
import java.util.LinkedHashMap;
import java.util.List;
import java.util.Locale;
import java.util.Map;
import java.util.Optional;
import java.util.regex.Pattern;
import org.jspecify.annotations.Nullable;
import org.slf4j.Logger;
import org.slf4j.LoggerFactory;
import org.springframework.context.ApplicationEventPublisher;
import org.springframework.jdbc.core.simple.JdbcClient;
import org.springframework.stereotype.Component;
import org.springframework.stereotype.Service;
import org.springframework.transaction.annotation.Propagation;
import org.springframework.transaction.annotation.Transactional;
import tools.jackson.databind.JsonNode;
import tools.jackson.databind.json.JsonMapper;

/** The aliases of the departments. Each method is one transaction: all of a move, or nothing. */
@Service
class Aliases {
  private static final Logger log = LoggerFactory.getLogger(Aliases.class);
  private static final int MOST = 1000;

  private final AliasRows rows;
  private final AliasHistory history;
  private final ModelResolver models;
  private final Evaluations evaluations;
  private final JsonMapper json;
  private final TransactionLocks locks;
  private final AuditLog audit;
  private final ApplicationEventPublisher events;

  Aliases(
      AliasRows rows,
      AliasHistory history,
      ModelResolver models,
      Evaluations evaluations,
      JsonMapper json,
      TransactionLocks locks,
      AuditLog audit,
      ApplicationEventPublisher events) {
    this.rows = rows;
    this.history = history;
    this.models = models;
    this.evaluations = evaluations;
    this.json = json;
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
    JsonNode passed = evidence(now, target.name(), asked.evaluation());
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

  /**
   * As the history keeps it; null without an evaluation.
   *
   * @param champion the alias as it is
   * @param challenger the model that it is to stand for
   * @throws RequestFailed if the challenger has not passed, or was compared with another model
   */
  private @Nullable JsonNode evidence(
      ModelAlias champion, String challenger, @Nullable String evaluation) {
    if (evaluation == null) return null;
    QualityGate.PassedGates passed =
        QualityGate.PassedGates.of(
            evaluations.require(champion.departmentId(), evaluation), challenger);
    if (passed.compares() && !champion.model().equals(passed.baseline())) {
      throw new RequestFailed(
          ProblemType.WRONG_STATE,
          "The gates of %s compare with '%s', but '%s' stands for '%s': evaluate with \"baseline\": \"%s\"."
              .formatted(
                  evaluation,
                  passed.baseline(),
                  champion.name(),
                  champion.model(),
                  champion.name()),
          "evaluation");
    }
    return json.valueToTree(passed);
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

  /**
   * What became of an alias at one moment.
   *
   * @param number from 1, without gaps
   * @param from null where the alias was created
   * @param earlier number of the move whose model a rollback of this one goes back to, or null
   * @param reason in the words of whoever moved it
   * @param evidence the evaluation by which it was moved, or null
   * @param movedBy name or email of whoever moved it
   */
  record AliasMove(
      String id,
      int number,
      Kind kind,
      @Nullable String from,
      String to,
      @Nullable Integer earlier,
      @Nullable String reason,
      @Nullable JsonNode evidence,
      String movedBy,
      Instant createdAt) {
    enum Kind {
      CREATED,
      MOVED,
      ROLLED_BACK;

      @JsonValue
      String wire() {
        return name().toLowerCase(Locale.ROOT);
      }
    }
  }

  /**
   * What an alias may be called: nothing that the name of a fine-tuned model could be, with its
   * colons.
   */
  static final class AliasName {
    private static final Pattern FORM = Pattern.compile("[a-z0-9][a-z0-9._-]{0,62}");

    private AliasName() {}

    static boolean fits(String name) {
      return FORM.matcher(name).matches();
    }

    /**
     * @throws RequestFailed if it is none
     */
    static String checked(@Nullable String name) {
      String given = RequestFailed.required(name, "name");
      if (fits(given) && !given.equals(EvaluationPlan.MAJORITY)) return given;
      throw RequestFailed.invalid(
          "name",
          "must be 1 to 63 of a-z, 0-9, '.', '_', '-', first a letter or digit, and not "
              + EvaluationPlan.MAJORITY
              + ", which is a baseline of evaluations.");
    }
  }

  /** Every move of an alias: nothing changes one. */
  @Component
  static class AliasHistory {
    private static final String SELECT =
        "select *, account_name(moved_by) as moved_by_name from model_alias_move"
            + " where department_id = :department and alias = :alias";

    private final JdbcClient sql;
    private final Ids ids;

    AliasHistory(JdbcClient sql, Ids ids) {
      this.sql = sql;
      this.ids = ids;
    }

    /**
     * What is written of a move.
     *
     * @param earlier as {@link AliasMove} has it
     * @param evidence as JSON, or null
     */
    record Entry(
        AliasMove.Kind kind,
        @Nullable String from,
        String to,
        @Nullable Integer earlier,
        @Nullable String reason,
        @Nullable String evidence,
        Actor by) {}

    /** Returns its number. Whoever asks holds the alias's lock, or has just made it. */
    @Transactional(propagation = Propagation.MANDATORY)
    int add(String departmentId, String alias, Entry entry) {
      return sql.sql(
              """
              insert into model_alias_move (id, department_id, alias, number, kind, from_model, to_model,
                                            earlier, reason, evidence, moved_by, created_at)
              select :id, :department, :alias, coalesce(max(number), 0) + 1, :kind, :from, :to,
                     :earlier, :reason, :evidence::jsonb, :by, graft_now()
                from model_alias_move where department_id = :department and alias = :alias
              returning number
              """)
          .param("id", ids.next("almv_"))
          .param("department", departmentId)
          .param("alias", alias)
          .param("kind", entry.kind().wire())
          .param("from", entry.from())
          .param("to", entry.to())
          .param("earlier", entry.earlier())
          .param("reason", entry.reason())
          .param("evidence", entry.evidence())
          .param("by", entry.by().id())
          .query(Integer.class)
          .single();
    }

    /** The move whose model a rollback of this one goes back to; empty if there is none. */
    @Transactional(propagation = Propagation.MANDATORY)
    Optional<AliasMove> earlier(ModelAlias now) {
      return sql.sql(
              SELECT
                  + """
                   and number = (select earlier from model_alias_move
                                 where department_id = :department and alias = :alias
                                   and number = :number)
                  """)
          .param("department", now.departmentId())
          .param("alias", now.name())
          .param("number", now.chosenBy())
          .query(AliasHistory::move)
          .optional();
    }

    /** One more than the page has, newest first; an unknown cursor gives nothing. */
    @Transactional(readOnly = true)
    List<AliasMove> page(String departmentId, String alias, Cursor page) {
      return sql.sql(
              SELECT
                  + """
                   and (:after::text is null
                        or number < (select number from model_alias_move
                                      where department_id = :department and alias = :alias
                                        and id = :after))
                   order by number desc limit :limit
                  """)
          .param("department", departmentId)
          .param("alias", alias)
          .param("after", page.after())
          .param("limit", page.limit() + 1)
          .query(AliasHistory::move)
          .list();
    }

    private static AliasMove move(ResultSet row, int number) throws SQLException {
      String evidence = row.getString("evidence");
      return new AliasMove(
          row.getString("id"),
          row.getInt("number"),
          AliasMove.Kind.valueOf(row.getString("kind").toUpperCase(Locale.ROOT)),
          row.getString("from_model"),
          row.getString("to_model"),
          row.getObject("earlier", Integer.class),
          row.getString("reason"),
          evidence == null ? null : JsonMapper.shared().readTree(evidence),
          row.getString("moved_by_name"),
          time(row, "created_at"));
    }
  }
}
