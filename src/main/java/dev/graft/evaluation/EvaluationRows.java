package dev.graft.evaluation;

import static dev.graft.platform.database.ResultColumns.parameter;
import static dev.graft.platform.database.ResultColumns.time;
import static dev.graft.platform.database.ResultColumns.timeOrNull;

import com.fasterxml.jackson.annotation.JsonValue;
import dev.graft.datasets.StoredFiles.FileUse;
import dev.graft.platform.database.ResultColumns;
import dev.graft.tenancy.AuditLog;
import dev.graft.tenancy.Owned;
import dev.graft.tenancy.Retained;
import dev.graft.tenancy.RetentionKind;
import java.sql.ResultSet;
import java.sql.SQLException;
import java.time.Instant;
import java.util.List;
import java.util.Locale;
import java.util.Map;
import java.util.Optional;
import org.jspecify.annotations.Nullable;
import org.springframework.jdbc.core.simple.JdbcClient;
import org.springframework.stereotype.Component;
import org.springframework.stereotype.Repository;
import org.springframework.transaction.annotation.Propagation;
import org.springframework.transaction.annotation.Transactional;
import tools.jackson.databind.DeserializationFeature;
import tools.jackson.databind.JsonNode;
import tools.jackson.databind.json.JsonMapper;

/**
 * The statements on {@code evaluation} for requests of its department. {@link EvaluationLedger} has
 * those of the server that works at one. Ids grow with time, so lists are sorted by id.
 */
@Repository
class EvaluationRows implements Owned, FileUse {
  private static final String OF_DEPARTMENT = " from evaluation where department_id = :department";

  private final JdbcClient sql;

  /** Ignores fields that only a newer release knows. */
  private final JsonMapper json;

  EvaluationRows(JdbcClient sql, JsonMapper json) {
    this.sql = sql;
    this.json = json.rebuild().disable(DeserializationFeature.FAIL_ON_UNKNOWN_PROPERTIES).build();
  }

  /**
   * Reads a plan from the database.
   *
   * @throws tools.jackson.core.JacksonException if this release cannot read it
   */
  EvaluationPlan plan(String stored) {
    return json.readValue(stored, EvaluationPlan.class);
  }

  @Override
  public Optional<String> departmentOf(String id) {
    return sql.sql("select department_id from evaluation where id = :id")
        .param("id", id)
        .query(String.class)
        .optional();
  }

  Optional<Evaluation> find(String department, String id) {
    return sql.sql("select *" + OF_DEPARTMENT + " and id = :id")
        .param("department", department)
        .param("id", id)
        .query(this::evaluation)
        .optional();
  }

  /**
   * Newest first.
   *
   * @param model only evaluations of this model; null = all
   */
  List<Evaluation> page(
      String department, @Nullable String model, @Nullable String after, int limit) {
    return sql.sql(
            "select *"
                + OF_DEPARTMENT
                + """
                 and (:after::text is null or id < :after)
                 and (:model::text is null or :model = any(models))
                 order by id desc limit :limit
                """)
        .param("department", department)
        .param("model", model)
        .param("after", after)
        .param("limit", limit)
        .query(this::evaluation)
        .list();
  }

  private Evaluation evaluation(ResultSet row, int number) throws SQLException {
    String results = row.getString("results");
    String error = row.getString("error_code");
    return new Evaluation(
        row.getString("id"),
        Evaluation.Status.of(row.getString("status")),
        plan(row.getString("plan")),
        time(row, "created_at"),
        timeOrNull(row, "started_at"),
        timeOrNull(row, "ended_at"),
        row.getObject("questions", Integer.class),
        row.getLong("passed_over"),
        row.getInt("answered"),
        results == null ? null : json.readTree(results),
        error == null
            ? null
            : new Evaluation.Failure(error, String.valueOf(row.getString("error_message"))),
        row.getString("waits_for"));
  }

  /** An evaluation needs the file only until its questions are chosen. */
  @Override
  public Optional<String> userOf(String department, String file) {
    return sql.sql(
            "select id"
                + OF_DEPARTMENT
                + " and file_id = :file and ended_at is null and questions is null limit 1")
        .param("department", department)
        .param("file", file)
        .query(String.class)
        .optional();
  }

  List<String> findOpen(String department) {
    return sql.sql("select id" + OF_DEPARTMENT + " and ended_at is null")
        .param("department", department)
        .query((row, n) -> row.getString(1))
        .list();
  }

  long count(String department) {
    return sql.sql("select count(*)" + OF_DEPARTMENT)
        .param("department", department)
        .query(Long.class)
        .single();
  }

  void insert(String id, String department, EvaluationPlan plan, Instant now) {
    sql.sql(
            """
            insert into evaluation (id, department_id, status, file_id, models, plan, created_at)
            values (:id, :department, 'queued', :file, :models, :plan::jsonb, :now)
            """)
        .param("id", id)
        .param("department", department)
        .param("file", plan.file())
        .param("models", plan.allModels().toArray(String[]::new))
        .param("plan", json.writeValueAsString(plan))
        .param("now", parameter(now))
        .update();
  }

  /** Returns false if it has already ended. The server that works at it stops. */
  boolean cancel(String department, String id, Instant now) {
    return sql.sql(
                """
                update evaluation set status = 'cancelled', ended_at = :now, waits_for = null
                 where department_id = :department and id = :id and ended_at is null
                """)
            .param("department", department)
            .param("id", id)
            .param("now", parameter(now))
            .update()
        == 1;
  }

  /** Deletes it with questions and answers; returns false if there is no ended evaluation. */
  boolean deleteEnded(String department, String id) {
    return sql.sql("delete" + OF_DEPARTMENT + " and id = :id and ended_at is not null")
            .param("department", department)
            .param("id", id)
            .update()
        == 1;
  }

  /** Retention of evaluations, counted from their end. */
  @Component
  static class RetainedEvaluations implements Retained {
    private static final String WITHOUT_NOTICE =
        """
        -- evaluations without a notice
        select id, coalesce(plan ->> 'name', id) as name, ended_at from evaluation e
         where department_id = :department and ended_at <= :latest
           and not exists (select from retention_notice n
                            where n.kind = 'evaluations' and n.resource_id = e.id)
         order by ended_at, id limit :limit
        """;

    private final JdbcClient sql;
    private final EvaluationRows rows;
    private final AuditLog audit;

    RetainedEvaluations(JdbcClient sql, EvaluationRows rows, AuditLog audit) {
      this.sql = sql;
      this.rows = rows;
      this.audit = audit;
    }

    @Override
    public RetentionKind kind() {
      return RetentionKind.EVALUATIONS;
    }

    @Override
    public List<Thing> untold(String departmentId, Instant latest, int limit) {
      return sql.sql(WITHOUT_NOTICE)
          .param("department", departmentId)
          .param("latest", ResultColumns.parameter(latest))
          .param("limit", limit)
          .query(
              (row, n) ->
                  new Thing(
                      row.getString("id"),
                      row.getString("name"),
                      ResultColumns.time(row, "ended_at")))
          .list();
    }

    @Override
    @Transactional(propagation = Propagation.MANDATORY)
    public Removal remove(String departmentId, String id) {
      if (!rows.deleteEnded(departmentId, id)) return Removal.GONE;
      audit.write("evaluation.deleted", departmentId, id, Map.of("reason", "retention"));
      return Removal.REMOVED;
    }
  }

  /**
   * The current state of an evaluation.
   *
   * @param questions null until they have been chosen
   * @param passedOver rows of the file that cannot be used as questions
   * @param answered answers of all models so far
   * @param results {@code EvaluationResults} as JSON, once it has succeeded
   * @param error why it failed, or null
   * @param waitsFor what it is waiting for, or null
   */
  record Evaluation(
      String id,
      Status status,
      EvaluationPlan plan,
      Instant createdAt,
      @Nullable Instant startedAt,
      @Nullable Instant endedAt,
      @Nullable Integer questions,
      long passedOver,
      int answered,
      @Nullable JsonNode results,
      @Nullable Failure error,
      @Nullable String waitsFor) {
    /** Kind of the leased work. */
    public static final String WORK = "evaluation";

    public enum Status {
      QUEUED,
      RUNNING,
      SUCCEEDED,
      FAILED,
      CANCELLED;

      @JsonValue
      public String wire() {
        return name().toLowerCase(Locale.ROOT);
      }

      public static Status of(String wire) {
        return valueOf(wire.toUpperCase(Locale.ROOT));
      }
    }

    /**
     * @param code for programs
     * @param message a sentence for users
     */
    public record Failure(String code, String message) {}
  }
}
