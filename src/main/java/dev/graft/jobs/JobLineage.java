package dev.graft.jobs;

import dev.graft.platform.EveryDepartment;
import dev.graft.platform.database.ResultColumns;
import java.sql.ResultSet;
import java.sql.SQLException;
import java.time.Instant;
import java.util.List;
import org.jspecify.annotations.Nullable;
import org.springframework.jdbc.core.simple.JdbcClient;
import org.springframework.stereotype.Component;
import org.springframework.transaction.annotation.Transactional;

/** Which jobs continued from what others have made, as SQL. */
@Component
public class JobLineage {
  /** What is further away is left out. */
  private static final int FARTHEST = 100;

  private static final int MOST = 1000;

  /** Where another department's model is met, its own line is not followed. */
  private static final String ANCESTORS =
      """
      with recursive line (id, parent_model, department_id, distance) as (
        select id, parent_model, department_id, 0 from job where id = :job and department_id = :department
        union all
        select p.id, p.parent_model, p.department_id, line.distance + 1
          from line join job p on p.id = job_of_model(line.parent_model)
         where line.department_id = :department and line.distance < :farthest)
      """;

  /** Of the department alone. */
  private static final String DESCENDANTS =
      """
      with recursive line (id, distance) as (
        select id, 0 from job where id = :job and department_id = :department
        union all
        select c.id, line.distance + 1
          from line join job c on job_of_model(c.parent_model) = line.id and c.parent_model is not null
         where c.department_id = :department and line.distance < :farthest)
      """;

  private static final String READ =
      """
      select j.id, j.department_id, j.state, j.base_model, j.parent_model, j.created_at, line.distance
        from line join job j on j.id = line.id
       where line.distance > 0
       order by line.distance, j.created_at, j.id
       limit :most
      """;

  private final JdbcClient sql;

  JobLineage(JdbcClient sql) {
    this.sql = sql;
  }

  /**
   * A job of the line.
   *
   * @param state as in the job on the wire
   * @param parentModel the model or checkpoint that it continued from, or null
   * @param distance in jobs, from 1
   */
  public record Step(
      String jobId,
      String departmentId,
      String state,
      String baseModel,
      @Nullable String parentModel,
      Instant createdAt,
      int distance) {
    private static Step of(ResultSet row, int number) throws SQLException {
      return new Step(
          row.getString("id"),
          row.getString("department_id"),
          row.getString("state"),
          row.getString("base_model"),
          row.getString("parent_model"),
          ResultColumns.time(row, "created_at"),
          row.getInt("distance"));
    }
  }

  /** The jobs that made what this job of the department continued from, the nearest first. */
  @Transactional(readOnly = true)
  public List<Step> ancestors(String departmentId, String jobId) {
    return line(ANCESTORS, departmentId, jobId);
  }

  /** The department's jobs that continued from what this one made, the nearest first. */
  @Transactional(readOnly = true)
  public List<Step> descendants(String departmentId, String jobId) {
    return line(DESCENDANTS, departmentId, jobId);
  }

  private List<Step> line(String direction, String departmentId, String jobId) {
    JdbcClient.StatementSpec line =
        sql.sql(direction + READ)
            .param("department", departmentId)
            .param("job", jobId)
            .param("farthest", FARTHEST)
            .param("most", MOST);
    return EveryDepartment.call(() -> line.query(Step::of).list());
  }
}
