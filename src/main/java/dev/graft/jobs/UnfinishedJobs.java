package dev.graft.jobs;

import dev.graft.catalog.BaseModels.BaseModelUse;
import dev.graft.datasets.StoredFiles.FileUse;
import java.util.Optional;
import org.springframework.jdbc.core.simple.JdbcClient;
import org.springframework.stereotype.Component;

/** Jobs that have not ended: their files and base models cannot be deleted. */
@Component
class UnfinishedJobs implements FileUse, BaseModelUse {
  private final JdbcClient sql;

  UnfinishedJobs(JdbcClient sql) {
    this.sql = sql;
  }

  @Override
  public Optional<String> userOf(String departmentId, String fileId) {
    return sql.sql(
            """
            -- file in use
            select id from job
             where department_id = :department and finished_at is null
               and :file in (training_file, validation_file)
             limit 1
            """)
        .param("department", departmentId)
        .param("file", fileId)
        .query(String.class)
        .optional();
  }

  @Override
  public String name() {
    return "unfinished_jobs";
  }

  @Override
  public long count(String baseModel) {
    return sql.sql("select count(*) from job where base_model = :base and finished_at is null")
        .param("base", baseModel)
        .query(Long.class)
        .single();
  }
}
