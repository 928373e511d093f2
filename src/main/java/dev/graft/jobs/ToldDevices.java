package dev.graft.jobs;

import java.util.List;
import org.springframework.jdbc.core.simple.JdbcClient;
import org.springframework.stereotype.Component;

/** What workers have said of their devices, for administrators. */
@Component
class ToldDevices {
  private final JdbcClient sql;

  ToldDevices(JdbcClient sql) {
    this.sql = sql;
  }

  /** Of these workers, in the order of their names. */
  public List<WorkerDevice> of(List<String> workerIds) {
    return sql.sql(
            """
            -- devices of workers
            select * from worker_device where worker_id = any (:workers) order by worker_id, name
            """)
        .param("workers", workerIds.toArray(String[]::new))
        .query(WorkerDevice::of)
        .list();
  }
}
