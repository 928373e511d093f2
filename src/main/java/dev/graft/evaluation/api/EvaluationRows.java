package dev.graft.evaluation.api;

import static dev.graft.platform.database.ResultColumns.parameter;
import static dev.graft.platform.database.ResultColumns.time;
import static dev.graft.platform.database.ResultColumns.timeOrNull;

import dev.graft.datasets.FileUse;
import dev.graft.evaluation.Evaluation;
import dev.graft.evaluation.EvaluationPlan;
import dev.graft.evaluation.StoredPlans;
import dev.graft.platform.database.TransactionLocks;
import dev.graft.platform.pagination.Cursor;
import dev.graft.retention.Retained;
import dev.graft.tenancy.Owned;
import dev.graft.work.LeasedWork;
import java.sql.ResultSet;
import java.sql.SQLException;
import java.time.Instant;
import java.util.List;
import java.util.Optional;
import org.jspecify.annotations.Nullable;
import org.springframework.jdbc.core.simple.JdbcClient;
import org.springframework.stereotype.Component;
import tools.jackson.databind.json.JsonMapper;

/** The statements of those who ask for evaluations. */
@Component
public class EvaluationRows implements Owned, FileUse {
  private final TransactionLocks locks;
  private final JdbcClient sql;
  private final LeasedWork work;
  private final StoredPlans plans;
  private final JsonMapper json;

  EvaluationRows(
      TransactionLocks locks, JdbcClient sql, LeasedWork work, StoredPlans plans, JsonMapper json) {
    this.locks = locks;
    this.sql = sql;
    this.work = work;
    this.plans = plans;
    this.json = json;
  }

  @Override
  public Optional<String> departmentOf(String id) {
    return sql.sql("select department_id from evaluation where id = :id")
        .param("id", id)
        .query(String.class)
        .optional();
  }

  /** Once its questions are chosen, an evaluation needs the file no longer. */
  @Override
  public Optional<String> userOf(String departmentId, String fileId) {
    return sql.sql(
            """
            select id from evaluation
             where department_id = :department and file_id = :file and ended_at is null and questions is null
             limit 1
            """)
        .param("department", departmentId)
        .param("file", fileId)
        .query(String.class)
        .optional();
  }

  /**
   * How many a department has.
   *
   * @param open of these, those that have not ended
   */
  record Counts(int all, int open) {}

  /** Makes those wait who would add another to the same department. */
  Counts lockedCounts(String department) {
    locks.take("evaluations " + department);
    return sql.sql(
            """
            select count(*) as "all", count(*) filter (where ended_at is null) as open
              from evaluation where department_id = :department
            """)
        .param("department", department)
        .query((row, index) -> new Counts(row.getInt("all"), row.getInt("open")))
        .single();
  }

  public void insert(String id, String department, EvaluationPlan plan) {
    sql.sql(
            """
            insert into evaluation (id, department_id, status, file_id, models, plan, created_at)
            values (:id, :department, 'queued', :file, :models, :plan::jsonb, graft_now())
            """)
        .param("id", id)
        .param("department", department)
        .param("file", plan.file())
        .param("models", plan.everyone().toArray(String[]::new))
        .param("plan", plans.write(plan))
        .update();
    work.add(Evaluation.WORK, id, department);
  }

  public Optional<Evaluation> find(String department, String id) {
    return sql.sql("select * from evaluation where id = :id and department_id = :department")
        .param("id", id)
        .param("department", department)
        .query(this::read)
        .optional();
  }

  /**
   * The newest first, and one more than the page has.
   *
   * @param model only where it is asked; null = all
   */
  List<Evaluation> list(String department, @Nullable String model, Cursor page) {
    return sql.sql(
            """
            select * from evaluation
             where department_id = :department and (:after::text is null or id < :after)
               and (:model::text is null or :model = any (models))
             order by id desc limit :limit
            """)
        .param("department", department)
        .param("after", page.after())
        .param("model", model)
        .param("limit", page.limit() + 1)
        .query(this::read)
        .list();
  }

  /** Whether there was something to cancel. */
  public boolean cancel(String department, String id) {
    work.drop(Evaluation.WORK, id, department);
    return sql.sql(
                """
                update evaluation set status = 'cancelled', ended_at = graft_now(), waits_for = null
                 where id = :id and department_id = :department and ended_at is null
                """)
            .param("id", id)
            .param("department", department)
            .update()
        == 1;
  }

  /** The ids of what was cancelled. */
  List<String> cancelAll(String department) {
    return sql
        .sql("select id from evaluation where department_id = :department and ended_at is null")
        .param("department", department)
        .query((row, index) -> row.getString("id"))
        .list()
        .stream()
        .filter(id -> cancel(department, id))
        .toList();
  }

  /** With questions and answers, if it has ended; whether it did. */
  public boolean delete(String department, String id) {
    return sql.sql(
                "delete from evaluation where id = :id and department_id = :department and ended_at is not null")
            .param("id", id)
            .param("department", department)
            .update()
        == 1;
  }

  /** Those that ended by then and that no notice tells of, the oldest first. */
  List<Retained.Thing> untold(String department, Instant latest, int limit) {
    return sql.sql(
            """
            select id, coalesce(plan ->> 'name', id) as name, ended_at from evaluation e
             where department_id = :department and ended_at <= :latest
               and not exists (select from retention_notice n
                                where n.kind = 'evaluations' and n.resource_id = e.id)
             order by ended_at, id limit :limit
            """)
        .param("department", department)
        .param("latest", parameter(latest))
        .param("limit", limit)
        .query(
            (row, index) ->
                new Retained.Thing(
                    row.getString("id"), row.getString("name"), time(row, "ended_at")))
        .list();
  }

  private Evaluation read(ResultSet row, int index) throws SQLException {
    String results = row.getString("results");
    String code = row.getString("error_code");
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
        results == null ? null : json.readTree(results),
        code == null
            ? null
            : new Evaluation.Failure(code, String.valueOf(row.getString("error_message"))),
        row.getString("waits_for"));
  }
}
