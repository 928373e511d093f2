package dev.graft.jobs.queue;

import dev.graft.jobs.lease.Device;
import java.util.Optional;
import org.springframework.jdbc.core.simple.JdbcClient;
import org.springframework.stereotype.Component;

/** What workers have said of their devices. */
@Component
public class WorkerDevices {
  /** Written at most every ten seconds, however often a worker asks. */
  private static final String ASKED =
      """
      -- asked
      insert into worker_device (worker_id, name, memory_bytes, asked_at)
      values (:worker, :name, :memory, graft_now())
      on conflict (worker_id, name) do update
         set memory_bytes = excluded.memory_bytes, asked_at = excluded.asked_at
       where worker_device.memory_bytes is distinct from excluded.memory_bytes
          or worker_device.asked_at < excluded.asked_at - interval '10 s'
      """;

  /**
   * What {@link #largest} gives, or null. A worker is there that asked in the last minute, or has a
   * job.
   */
  public static final String LARGEST =
      """
      select max(coalesce(d.memory_bytes, %d))
        from worker_device d join worker w on w.id = d.worker_id
       where w.revoked_at is null
         and (d.asked_at > (select graft_now()) - interval '1 minute'
              or w.id in (select worker_id from job_lease where ended_at is null))
      """
          .formatted(Long.MAX_VALUE);

  private final JdbcClient sql;

  WorkerDevices(JdbcClient sql) {
    this.sql = sql;
  }

  /** A worker asks for work for one of its devices. */
  public void asks(String workerId, Device device) {
    sql.sql(ASKED)
        .param("worker", workerId)
        .param("name", device.name())
        .param("memory", device.memory())
        .update();
  }

  /**
   * Bytes that the largest device of the workers that are there holds; {@link Long#MAX_VALUE} where
   * one did not say, empty where nobody is there.
   */
  public Optional<Long> largest() {
    return sql.sql("-- largest\n" + LARGEST).query(Long.class).optional();
  }
}
