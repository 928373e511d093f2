package dev.graft.jobs;

import dev.graft.platform.StoredNumbers;
import java.sql.ResultSet;
import java.sql.SQLException;
import java.util.ArrayList;
import java.util.LinkedHashMap;
import java.util.List;
import java.util.Map;
import java.util.OptionalDouble;
import org.springframework.jdbc.core.simple.JdbcClient;
import org.springframework.stereotype.Component;

/**
 * Metrics of the queue and the workers, as SQL. Reads waiting and running jobs and live leases by
 * their indexes, and no jobs that have ended.
 */
@Component
class QueueNumbers implements StoredNumbers {
  /** Label of jobs that ask for no class. */
  private static final String ANY_CLASS = "any";

  private static final Gauge PENDING =
      new Gauge(
          "graft_jobs_pending",
          "Queued jobs, by the class of worker that they ask for",
          "department",
          "worker_class");
  private static final Gauge OLDEST =
      new Gauge(
          "graft_queue_oldest_age_seconds",
          "How long the oldest job in the queue has been ready to run",
          "department",
          "worker_class");
  private static final Gauge RUNNING =
      new Gauge(
          "graft_jobs_running",
          "Running jobs, by the class of their worker",
          "department",
          "worker_class");
  private static final Gauge SPEED =
      new Gauge(
          "graft_training_tokens_per_second",
          "Tokens per second of all running jobs, as their workers report them",
          "department",
          "worker_class");
  private static final Gauge SHARE =
      new Gauge(
          "graft_department_share_ratio",
          "Share of a department in the recent device time of all departments (0 to 1)",
          "department");
  private static final Gauge SEEN =
      new Gauge(
          "graft_worker_last_seen_seconds",
          "Time since the last call of a worker, for workers of the last day",
          "worker",
          "worker_name",
          "worker_class");
  private static final Gauge MEMORY =
      new Gauge(
          "graft_device_memory_bytes",
          "Memory of a device, used and total, as its worker last reported it",
          "worker",
          "device",
          "kind");
  private static final Gauge USE =
      new Gauge(
          "graft_device_utilization_ratio",
          "Utilization of a device (0 to 1), as its worker last reported it",
          "worker",
          "device");

  /** A row has the values of one or two gauges, which {@code number} names, for the same labels. */
  private static final String QUEUE =
      """
      -- numbers of the queue
      select 'pending' as number, department_id as department,
             coalesce(nullif(worker_class, ''), :any) as class, count(*)::float8 as value,
             greatest(extract(epoch from graft_now() - min(available_at)), 0)::float8 as other
        from job where state = 'queued' group by department_id, worker_class
      union all
      select 'running', j.department_id, w.class, count(*), sum(p.tokens_per_second)
        from job j join job_lease l on l.job_id = j.id and l.ended_at is null
                   join worker w on w.id = l.worker_id
                   join job_progress p on p.job_id = j.id
       where j.state = 'running' group by j.department_id, w.class
      union all
      select 'share', id, null, used / nullif(sum(used) over (), 0), null
        from (select id, %s as used from department where used > 0) d
      """
          .formatted(Claims.FairShare.USED);

  /** Use that was reported more than two minutes ago, several heartbeats, is not current. */
  private static final String DEVICES =
      """
      -- numbers of devices
      select w.id, w.name as worker, w.class, d.name as device,
             extract(epoch from graft_now() - greatest(w.last_seen_at, d.asked_at))::float8 as seen,
             d.used_at > graft_now() - interval '2 minutes' as fresh,
             d.memory_used, d.memory_total, d.utilization
        from worker_device d join worker w on w.id = d.worker_id
       where w.revoked_at is null
         and greatest(w.last_seen_at, d.asked_at) > graft_now() - interval '1 day'
       order by w.id, seen
      """;

  private final JdbcClient sql;
  private final Claims.FairShare fairShare;

  QueueNumbers(JdbcClient sql, JobProperties settings) {
    this.sql = sql;
    this.fairShare = settings.fairShare();
  }

  @Override
  public List<Gauge> gauges() {
    return List.of(PENDING, OLDEST, RUNNING, SPEED, SHARE, SEEN, MEMORY, USE);
  }

  @Override
  public List<Reading> read() {
    List<Reading> all = new ArrayList<>();
    sql.sql(QUEUE)
        .param("any", ANY_CLASS)
        .param("half_life", fairShare.halfLifeSeconds())
        .query(QueueNumbers::queue)
        .list()
        .forEach(all::addAll);
    sql.sql(DEVICES).query(QueueNumbers::device).list().forEach(all::addAll);
    return firstOfEach(all);
  }

  private static List<Reading> queue(ResultSet row, int number) throws SQLException {
    String department = row.getString("department");
    String workers = row.getString("class");
    OptionalDouble value = value(row, "value");
    OptionalDouble other = value(row, "other");
    List<Reading> readings = new ArrayList<>();
    switch (row.getString("number")) {
      case "pending" -> {
        value.ifPresent(each -> readings.add(PENDING.reading(each, department, workers)));
        other.ifPresent(each -> readings.add(OLDEST.reading(each, department, workers)));
      }
      case "running" -> {
        value.ifPresent(each -> readings.add(RUNNING.reading(each, department, workers)));
        other.ifPresent(each -> readings.add(SPEED.reading(each, department, workers)));
      }
      default -> value.ifPresent(each -> readings.add(SHARE.reading(each, department)));
    }
    return readings;
  }

  private static List<Reading> device(ResultSet row, int number) throws SQLException {
    String worker = row.getString("id");
    String device = row.getString("device");
    List<Reading> readings = new ArrayList<>();
    readings.add(
        SEEN.reading(
            Math.max(row.getDouble("seen"), 0),
            worker,
            row.getString("worker"),
            row.getString("class")));
    if (!row.getBoolean("fresh")) return readings;
    value(row, "memory_used")
        .ifPresent(bytes -> readings.add(MEMORY.reading(bytes, worker, device, "used")));
    value(row, "memory_total")
        .ifPresent(bytes -> readings.add(MEMORY.reading(bytes, worker, device, "total")));
    value(row, "utilization")
        .ifPresent(percent -> readings.add(USE.reading(percent / 100, worker, device)));
    return readings;
  }

  private static OptionalDouble value(ResultSet row, String column) throws SQLException {
    double value = row.getDouble(column);
    return row.wasNull() ? OptionalDouble.empty() : OptionalDouble.of(value);
  }

  /** Keeps one reading of a worker with several devices. */
  private static List<Reading> firstOfEach(List<Reading> all) {
    Map<List<Object>, Reading> first = new LinkedHashMap<>();
    all.forEach(each -> first.putIfAbsent(List.of(each.gauge(), each.labels()), each));
    return List.copyOf(first.values());
  }
}
