package dev.graft.evaluation;

import static dev.graft.platform.database.ResultColumns.parameter;
import static dev.graft.platform.database.ResultColumns.time;
import static dev.graft.platform.database.ResultColumns.timeOrNull;

import java.sql.ResultSet;
import java.sql.SQLException;
import java.time.Instant;
import java.util.List;
import java.util.Optional;
import org.jspecify.annotations.Nullable;
import org.springframework.jdbc.core.simple.JdbcClient;
import org.springframework.stereotype.Repository;

/**
 * The statements on {@code evaluation}, as its department asks; those of whoever works at one
 * ({@code EvaluationLedger}) move it and end it too. Ids grow with time: lists go by id.
 */
@Repository
class EvaluationRows {
  private static final String OF_DEPARTMENT = " from evaluation where department_id = :department";

  private final JdbcClient sql;
  private final StoredPlans plans;

  EvaluationRows(JdbcClient sql, StoredPlans plans) {
    this.sql = sql;
    this.plans = plans;
  }

  Optional<String> departmentOf(String id) {
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
   * @param model only where it is asked; null = all
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
        plans.read(row.getString("plan")),
        time(row, "created_at"),
        timeOrNull(row, "started_at"),
        timeOrNull(row, "ended_at"),
        row.getObject("questions", Integer.class),
        row.getLong("passed_over"),
        row.getInt("answered"),
        results == null ? null : plans.results(results),
        error == null
            ? null
            : new Evaluation.Failure(error, String.valueOf(row.getString("error_message"))),
        row.getString("waits_for"));
  }

  /** The id of one that will read this file, if there is one. */
  Optional<String> findUser(String department, String file) {
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
        .param("models", plan.everyone().toArray(String[]::new))
        .param("plan", plans.write(plan))
        .param("now", parameter(now))
        .update();
  }

  /** False if it has ended already; whoever works at it does not go on. */
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

  /** With questions and answers; false if there is none that has ended. */
  boolean deleteEnded(String department, String id) {
    return sql.sql("delete" + OF_DEPARTMENT + " and id = :id and ended_at is not null")
            .param("department", department)
            .param("id", id)
            .update()
        == 1;
  }
}
