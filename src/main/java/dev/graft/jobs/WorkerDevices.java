package dev.graft.jobs;

import com.fasterxml.jackson.annotation.JsonIgnore;
import dev.graft.jobs.lease.Device;
import dev.graft.jobs.lease.Device.DeviceUse;
import dev.graft.jobs.lease.Lease.LeaseKey;
import dev.graft.jobs.lease.LeaseProtocol.LeaseRefused;
import dev.graft.platform.database.ResultColumns;
import dev.graft.spec.Resources;
import dev.graft.spec.Resources.DeviceKind;
import java.sql.ResultSet;
import java.sql.SQLException;
import java.time.Instant;
import java.util.ArrayList;
import java.util.HashMap;
import java.util.List;
import java.util.Locale;
import java.util.Map;
import org.jspecify.annotations.Nullable;
import org.springframework.jdbc.core.simple.JdbcClient;
import org.springframework.stereotype.Component;
import tools.jackson.databind.JsonNode;
import tools.jackson.databind.json.JsonMapper;

/** The devices of workers, as their workers last reported them. */
@Component
class WorkerDevices {
  /** Writes at most every ten seconds, unless the device changed. */
  private static final String ASKED =
      """
      -- asked
      insert into worker_device as d
             (worker_id, name, memory_bytes, kind, capability, devices, dedicated, asked_at,
              memory_used, memory_total, utilization, used_at)
      values (:worker, :name, :memory, :kind, :capability, :devices, :dedicated, graft_now(),
              :used::bigint, :total::bigint, :utilization::float8,
              case when :known then graft_now() end)
      on conflict (worker_id, name) do update
         set memory_bytes = excluded.memory_bytes, kind = excluded.kind,
             capability = excluded.capability, devices = excluded.devices,
             dedicated = excluded.dedicated, asked_at = excluded.asked_at,
             memory_used = excluded.memory_used, memory_total = excluded.memory_total,
             utilization = excluded.utilization, used_at = excluded.used_at
       where (d.memory_bytes, d.kind, d.capability, d.devices, d.dedicated) is distinct from
             (excluded.memory_bytes, excluded.kind, excluded.capability, excluded.devices,
              excluded.dedicated)
          or d.asked_at < excluded.asked_at - interval '10 s'
      """;

  /** Updates a device of the worker that holds the lease. */
  private static final String IN_USE =
      """
      -- in use
      update worker_device d
         set memory_used = :used::bigint, memory_total = :total::bigint,
             utilization = :utilization::float8, used_at = graft_now()
        from job_lease l
       where l.job_id = :job and l.epoch = :epoch and l.token = :token and l.ended_at is null
         and d.worker_id = l.worker_id and d.name = :name
      """;

  /**
   * The query for what workers offer that asked for work in the last 30 days: one row for all
   * devices that differ only in memory. A worker is available ({@code there}) if it asked in the
   * last minute or has a job, and is not cordoned.
   */
  static final String OFFERS =
      """
      select class, dedicated, kind, capability, devices, there, max(memory) as memory,
             (array_agg(worker order by memory desc, asked_at desc))[1] as worker,
             (array_agg(asked_at order by memory desc, asked_at desc))[1] as asked_at,
             classes
        from (select w.class, d.dedicated, d.kind, d.capability, d.devices, w.name as worker,
                     coalesce(d.memory_bytes, %d) as memory,
                     floor(extract(epoch from d.asked_at))::bigint as asked_at,
                     w.cordoned_at is null
                       and (d.asked_at > (select graft_now()) - interval '1 minute'
                            or w.id in (select worker_id from job_lease where ended_at is null))
                       as there,
                     %s as classes
                from worker_device d join worker w on w.id = d.worker_id
               where w.revoked_at is null
                 and d.asked_at > (select graft_now()) - interval '30 days') each_device
       group by class, dedicated, kind, capability, devices, there, classes
      """
          .formatted(Long.MAX_VALUE, Claims.JobsThatFit.classes("d.dedicated"));

  private static final String ON_RAY =
      """
      -- on ray
      select exists (select from worker_device d join worker w on w.id = d.worker_id
                      where d.name = :name and w.class = :class and w.revoked_at is null
                        and device_meets(:needs, d.kind, d.capability, d.devices)
                        and d.asked_at > graft_now() - interval '30 days')
      """;

  /** Returns the expression that gathers rows of {@link #OFFERS} for {@link DeviceOffer#list}. */
  static String gathered(String offers) {
    return "(select jsonb_agg(to_jsonb(f) - 'classes') from %s f)".formatted(offers);
  }

  private final JdbcClient sql;

  WorkerDevices(JdbcClient sql) {
    this.sql = sql;
  }

  /**
   * Records a device for which a worker asks for work.
   *
   * @throws LeaseRefused if the worker is configured for another class than it joined with: prices
   *     and jobs depend on the class that an administrator gave it
   */
  void asks(String workerId, Device device) {
    String configured = device.workerClass();
    if (configured != null) requireClass(workerId, configured);
    sql.sql(ASKED)
        .param("worker", workerId)
        .param("name", device.name())
        .param("memory", device.memory())
        .param("kind", JobNeeds.kind(device.computes()))
        .param("capability", device.capabilityNumber())
        .param("devices", device.count())
        .param("dedicated", Boolean.TRUE.equals(device.dedicated()))
        .param("known", device.use() != null)
        .params(numbers(device.use()))
        .update();
  }

  /** Records the use of a run's device, which a heartbeat reported. */
  void inUse(LeaseKey lease, Device device) {
    sql.sql(IN_USE)
        .param("job", lease.jobId())
        .param("epoch", lease.epoch())
        .param("token", lease.token())
        .param("name", device.name())
        .params(numbers(device.use()))
        .update();
  }

  private static Map<String, @Nullable Object> numbers(@Nullable DeviceUse use) {
    Map<String, @Nullable Object> numbers = new HashMap<>();
    numbers.put("used", use == null ? null : use.memoryUsed());
    numbers.put("total", use == null ? null : use.memoryTotal());
    numbers.put("utilization", use == null ? null : use.utilization());
    return numbers;
  }

  private void requireClass(String workerId, String configured) {
    String joined =
        sql.sql("select class from worker where id = :worker")
            .param("worker", workerId)
            .query(String.class)
            .optional()
            .orElse(configured);
    if (joined.equals(configured)) return;
    throw new LeaseRefused(
        ("This worker is configured for class %s (graft.worker.class), but joined with a token of class"
                + " %s. Change the setting; or delete credential.json in its directory and join with a"
                + " token of that class: graft worker-token create --class %s.")
            .formatted(configured, joined, configured));
  }

  /**
   * Returns whether a worker of a Ray cluster asked for work in the last 30 days that meets the
   * needs of the job, except for memory.
   */
  boolean onRay(JobNeeds job) {
    return sql.sql(ON_RAY)
        .param("name", Device.RAY)
        .param("class", job.classColumn())
        .param("needs", job.column())
        .query(Boolean.class)
        .single();
  }

  /** Returns the devices of these workers, by worker and name. */
  List<WorkerDevice> of(List<String> workerIds) {
    return sql.sql(
            """
            -- devices of workers
            select * from worker_device where worker_id = any (:workers) order by worker_id, name
            """)
        .param("workers", workerIds.toArray(String[]::new))
        .query(WorkerDevice::of)
        .list();
  }

  /** Returns what workers offer that asked for work in the last 30 days. */
  List<DeviceOffer> offers() {
    return sql.sql("-- offers\nwith f as (" + OFFERS + ") select " + gathered("f"))
        .query((row, n) -> DeviceOffer.list(row.getString(1)))
        .single();
  }

  /**
   * What workers offer: devices that differ only in memory, with the largest of them.
   *
   * @param dedicated whether it takes only jobs that ask for its class
   * @param kind null = not known
   * @param capability as a number, 80 of 8.0; 0 = none, or not known
   * @param devices how many it can give to one job
   * @param memory bytes of each; {@link Long#MAX_VALUE} = not known, then every job fits
   * @param there whether the worker is available: it asked in the last minute or has a job
   * @param worker name of the worker with the most memory
   * @param askedAt when that worker last asked for work
   */
  record DeviceOffer(
      String workerClass,
      boolean dedicated,
      @Nullable DeviceKind kind,
      int capability,
      int devices,
      long memory,
      boolean there,
      String worker,
      Instant askedAt) {
    /** Reads the JSON of {@link WorkerDevices#gathered}. */
    static List<DeviceOffer> list(@Nullable String json) {
      List<DeviceOffer> offers = new ArrayList<>();
      if (json == null) return offers;
      for (JsonNode each : JsonMapper.shared().readTree(json)) {
        offers.add(
            new DeviceOffer(
                each.get("class").stringValue(),
                each.get("dedicated").booleanValue(),
                JobNeeds.kind(each.get("kind").intValue()),
                each.get("capability").intValue(),
                each.get("devices").intValue(),
                each.get("memory").longValue(),
                each.get("there").booleanValue(),
                each.get("worker").stringValue(),
                Instant.ofEpochSecond(each.get("asked_at").longValue())));
      }
      return offers;
    }

    /** Returns whether the worker would get the job when it asks. */
    boolean meets(JobNeeds job) {
      return job.memoryBytes() <= memory && meetsButMemory(job);
    }

    /** Returns the same, regardless of memory. */
    boolean meetsButMemory(JobNeeds job) {
      Resources asked = job.resources();
      String named = job.workerClass();
      String least = asked.capability();
      return (named == null ? !dedicated : named.equals(workerClass))
          && (asked.device() == null || asked.device() == kind)
          && (least == null || Resources.capabilityNumber(least) <= capability)
          && asked.count() <= devices;
    }
  }

  /**
   * A device as its worker last reported it, and as the API shows it.
   *
   * @param kind {@code cpu} or {@code cuda}; null = not known
   * @param capability CUDA compute capability, such as {@code 8.6}; null = none, or not known
   * @param memoryBytes bytes that a job may take of each; null = not known
   * @param devices how many devices it can give to one job
   * @param dedicated whether it takes only jobs that ask for its class
   * @param use null = not known
   */
  record WorkerDevice(
      @JsonIgnore String workerId,
      String name,
      @Nullable String kind,
      @Nullable String capability,
      @Nullable Long memoryBytes,
      int devices,
      boolean dedicated,
      @Nullable Use use) {
    /** The last reported use; each number is null where it is not known. */
    record Use(
        @Nullable Long memoryUsedBytes,
        @Nullable Long memoryTotalBytes,
        @Nullable Double utilizationPercent,
        long measuredAt) {}

    static WorkerDevice of(ResultSet row, int number) throws SQLException {
      DeviceKind kind = JobNeeds.kind(row.getInt("kind"));
      int capability = row.getInt("capability");
      return new WorkerDevice(
          row.getString("worker_id"),
          row.getString("name"),
          kind == null ? null : kind.wire(),
          capability == 0
              ? null
              : String.format(Locale.ROOT, "%d.%d", capability / 10, capability % 10),
          row.getObject("memory_bytes", Long.class),
          row.getInt("devices"),
          row.getBoolean("dedicated"),
          use(row));
    }

    private static @Nullable Use use(ResultSet row) throws SQLException {
      Instant usedAt = ResultColumns.timeOrNull(row, "used_at");
      if (usedAt == null) return null;
      Double percent = row.getObject("utilization", Double.class);
      return new Use(
          row.getObject("memory_used", Long.class),
          row.getObject("memory_total", Long.class),
          percent == null ? null : Math.round(percent * 10) / 10.0,
          usedAt.getEpochSecond());
    }
  }
}
