package dev.graft.jobs;

import dev.graft.artifacts.BlobRef;
import dev.graft.jobs.lease.Lease.LeaseKey;
import dev.graft.jobs.lease.LeaseProtocol.LeaseLost;
import org.springframework.jdbc.core.simple.JdbcClient;
import org.springframework.stereotype.Component;

/** What is uploaded under each lease, counted before it arrives. */
@Component
class LeaseUploads {
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
    return of(key, COUNT)
        .param("one", 1)
        .param("bytes", bytes)
        .query((row, n) -> new Counted(row.getInt("uploads"), row.getLong("uploaded_bytes")))
        .optional()
        .orElseThrow(() -> new LeaseLost(key));
  }

  /** It did not arrive: a link that breaks uses nothing up. */
  public void failed(LeaseKey key, long bytes) {
    of(key, COUNT).param("one", -1).param("bytes", -bytes).query(row -> {});
  }

  /**
   * One more that does not come through a server: counted once, until it has arrived.
   *
   * @throws LeaseLost if the lease is not held any more
   */
  public Counted linked(LeaseKey key, BlobRef blob, long counted) {
    return of(
            key,
            """
            -- link counted
            with linked as (
              insert into job_upload (job_id, epoch, digest, bytes)
              select job_id, epoch, :digest, :bytes from job_lease
               where job_id = :job and epoch = :epoch and token = :token and ended_at is null
              on conflict do nothing returning bytes)
            update job_lease set uploads = uploads + (select count(*) from linked),
                   uploaded_bytes = uploaded_bytes + (select count(*) from linked) * :counted
             where job_id = :job and epoch = :epoch and token = :token and ended_at is null
            returning uploads, uploaded_bytes
            """)
        .param("digest", blob.sha256().hex())
        .param("bytes", blob.bytes())
        .param("counted", counted)
        .query((row, n) -> new Counted(row.getInt("uploads"), row.getLong("uploaded_bytes")))
        .optional()
        .orElseThrow(() -> new LeaseLost(key));
  }

  /** Whether there is a link for it that is still to be used, under a lease that is held. */
  public boolean isLinked(LeaseKey key, BlobRef blob) {
    return of(
            key,
            """
            -- link
            select exists (select from job_upload u where u.job_id = l.job_id
                              and u.epoch = l.epoch and digest = :digest and bytes = :bytes)
              from job_lease l
             where job_id = :job and epoch = :epoch and token = :token and ended_at is null
            """)
        .param("digest", blob.sha256().hex())
        .param("bytes", blob.bytes())
        .query(Boolean.class)
        .optional()
        .orElseThrow(() -> new LeaseLost(key));
  }

  /** It has arrived, or is not what it should be. */
  public void linkUsed(LeaseKey key, BlobRef blob) {
    of(
            key,
            """
            -- link used
            delete from job_upload u using job_lease l
             where u.job_id = l.job_id and u.epoch = l.epoch and digest = :digest and bytes = :bytes
               and l.job_id = :job and l.epoch = :epoch and token = :token
            """)
        .param("digest", blob.sha256().hex())
        .param("bytes", blob.bytes())
        .update();
  }

  private JdbcClient.StatementSpec of(LeaseKey key, String statement) {
    return sql.sql(statement)
        .param("job", key.jobId())
        .param("epoch", key.epoch())
        .param("token", key.token());
  }
}
