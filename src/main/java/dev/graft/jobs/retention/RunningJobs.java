package dev.graft.jobs.retention;

import dev.graft.datasets.FileUse;
import java.util.Optional;
import org.springframework.jdbc.core.simple.JdbcClient;
import org.springframework.stereotype.Component;

/** A file that an unfinished job trains on cannot be deleted. */
@Component
class RunningJobs implements FileUse {
  private final JdbcClient sql;

  RunningJobs(JdbcClient sql) {
    this.sql = sql;
  }

  @Override
  public Optional<String> userOf(String departmentId, String fileId) {
    return sql.sql(
            """
            -- file in use
            select id from job
             where department_id = :department and state in ('waiting', 'queued', 'running', 'paused')
               and :file in (training_file, validation_file)
             limit 1
            """)
        .param("department", departmentId)
        .param("file", fileId)
        .query((row, n) -> row.getString("id"))
        .optional();
  }
}
