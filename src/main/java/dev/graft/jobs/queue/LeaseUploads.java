package dev.graft.jobs.queue;

import dev.graft.jobs.lease.LeaseKey;
import dev.graft.jobs.lease.LeaseLost;
import org.springframework.jdbc.core.simple.JdbcClient;
import org.springframework.stereotype.Component;

/** What is uploaded under each lease, counted before it arrives. */
@Component
public class LeaseUploads {
  private static final String COUNT =
      """
      -- upload counted
      update job_lease set uploads = uploads + :one, uploaded_bytes = uploaded_bytes + :bytes
       where job_id = :job and epoch = :epoch and token = :token and ended_at is null
      returning uploads, uploaded_bytes
      """;

  private final JdbcClient sql;

  LeaseUploads(JdbcClient sql) {
    this.sql = sql;
  }

  /** Under one lease, by now. */
  public record Counted(int uploads, long bytes) {}

  /**
   * One more.
   *
   * @return with it
   * @throws LeaseLost if the lease is not held any more
   */
  public Counted begun(LeaseKey key, long bytes) {
    return sql.sql(COUNT)
        .param("one", 1)
        .param("bytes", bytes)
        .param("job", key.jobId())
        .param("epoch", key.epoch())
        .param("token", key.token())
        .query((row, n) -> new Counted(row.getInt("uploads"), row.getLong("uploaded_bytes")))
        .optional()
        .orElseThrow(() -> new LeaseLost(key));
  }

  /** It did not arrive: a link that breaks uses nothing up. */
  public void failed(LeaseKey key, long bytes) {
    sql.sql(COUNT)
        .param("one", -1)
        .param("bytes", -bytes)
        .param("job", key.jobId())
        .param("epoch", key.epoch())
        .param("token", key.token())
        .query(row -> {});
  }
}
