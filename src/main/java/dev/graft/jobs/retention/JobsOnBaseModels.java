package dev.graft.jobs.retention;

import dev.graft.catalog.BaseModelUse;
import org.springframework.jdbc.core.simple.JdbcClient;
import org.springframework.stereotype.Component;

/** Jobs that have not ended: their workers still fetch the base model. */
@Component
class JobsOnBaseModels implements BaseModelUse {
  private final JdbcClient sql;

  JobsOnBaseModels(JdbcClient sql) {
    this.sql = sql;
  }

  @Override
  public String name() {
    return "unfinished_jobs";
  }

  @Override
  public long count(String baseModel) {
    return sql.sql(
            """
            select count(*) from job
             where base_model = :base_model and state in ('waiting', 'queued', 'running', 'paused')
            """)
        .param("base_model", baseModel)
        .query(Long.class)
        .single();
  }
}
