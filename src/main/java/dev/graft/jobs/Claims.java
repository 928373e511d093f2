package dev.graft.jobs;

import dev.graft.artifacts.Digest;
import dev.graft.jobs.lease.Device;
import dev.graft.jobs.lease.Lease;
import dev.graft.jobs.lease.Lease.LeaseKey;
import dev.graft.jobs.lease.LeaseProtocol;
import dev.graft.platform.Traces;
import dev.graft.spec.Resources;
import java.sql.ResultSet;
import java.sql.SQLException;
import java.time.Duration;
import java.util.List;
import java.util.Map;
import java.util.Optional;
import java.util.UUID;
import java.util.concurrent.TimeUnit;
import org.jspecify.annotations.Nullable;
import org.slf4j.Logger;
import org.slf4j.LoggerFactory;
import org.springframework.boot.context.properties.bind.DefaultValue;
import org.springframework.dao.DuplicateKeyException;
import org.springframework.jdbc.core.simple.JdbcClient;
import org.springframework.stereotype.Component;
import tools.jackson.databind.json.JsonMapper;

/**
 * Claims the next job for a device: waits for one, takes it with one statement ({@link #CLAIM}),
 * and gives the worker its lease. {@link LeaseLedger} has the later statements of a lease.
 */
@Component
class Claims {
  private static final Logger log = LoggerFactory.getLogger(Claims.class);

  /** Tries of one claim: more than the number of concurrent claims. */
  private static final int TRIES = 64;

  /** Departments among which one claim chooses. */
  static final int CANDIDATES = 32;

  private static final JobsThatFit.Offered CLAIMER =
      new JobsThatFit.Offered(
          "(select classes from w)",
          ":kind",
          ":capability",
          ":devices",
          ":memory",
          "(select jobs from x)::text[]");

  /**
   * The columns of a lease that other tables have, for a claimed job {@code u}: its newest two
   * checkpoints, from which the run may resume, and the milliseconds that its earlier runs took.
   */
  private static final String EARLIER_RUNS =
      """
             (select jsonb_agg(jsonb_build_object('step', c.step, 'manifest', c.manifest)
                               order by c.epoch desc, c.step desc)
                from (select * from job_checkpoint
                       where job_id = u.id and epoch > u.restart_epoch
                       order by epoch desc, step desc limit 2) c) as checkpoints,
             (select coalesce(sum(extract(epoch from ended_at - claimed_at)), 0) * 1000
                from job_lease where job_id = u.id and ended_at is not null) as ran_ms
      """;

  /**
   * Locks the department's row before it relies on the counter, and raises the counter in the same
   * statement: the quota holds with any number of concurrent claims. With {@code skip locked} a
   * claim that finds a department locked takes the next one; {@link #CLAIM_WAITING} follows if all
   * were locked. Ids are passed as scalar sub-selects, not joined, so that index {@code job_meets}
   * gives the order. No row means that no department can start a job; a row without a job means
   * that other claims took the last jobs of the chosen department meanwhile.
   *
   * <p>Departments are ordered first and checked for work after that, so that no more are checked
   * than there are candidates; {@code offset} and the scalar sub-select keep the planner from
   * reversing that.
   *
   * <p>A device gets only jobs whose needs it meets, see {@link JobsThatFit}, and other jobs are
   * not read: {@code m} steps from one size of the chosen department's waiting jobs to the next,
   * {@code s} takes the first job of each size and orders the sizes by these jobs, {@code j} is the
   * first job of the first size that is not locked. {@link JobNeeds.JobMemory} keeps the number of
   * sizes low: a claim reads at most one job of each size that fits, and one more of each other
   * need, beside the jobs that the worker has just declined ({@code x}).
   */
  static final String CLAIM =
      """
      -- claim
      with recursive w as materialized
             (select %6$s as classes from worker w
               where w.id = :worker and w.revoked_at is null and w.cordoned_at is null),
           x as materialized
             (select coalesce(array_agg(job_id), '{}') as jobs from job_lease
               where worker_id = :worker and declined_until > (select graft_now())),
           c as materialized
             (select o.id
                from (select id from department where running < max_running
                       order by %1$s, id offset 0) o
               where %3$s
               limit %2$d),
           d as (select id from department
                  where id = any (array(select id from c)) and running < max_running
                  order by %1$s, id
                  limit 1 for no key update skip locked),
           m as (%4$s),
           s as (select m.class, m.needs, m.size
                   from m cross join lateral
                        (select queue_order, id from job
                          where department_id = (select id from d) and state = 'queued'
                            and worker_class = m.class and device_needs = m.needs
                            and memory_bytes = m.size and available_at <= (select graft_now())
                            and id <> all((select jobs from x)::text[])
                          order by queue_order, id limit 1) f
                  where %5$s
                  order by f.queue_order, f.id offset 0),
           j as (select f.id
                   from s cross join lateral
                        (select id from job
                          where department_id = (select id from d) and state = 'queued'
                            and worker_class = s.class and device_needs = s.needs
                            and memory_bytes = s.size and available_at <= (select graft_now())
                            and id <> all((select jobs from x)::text[])
                          order by queue_order, id
                          limit 1 for update skip locked) f
                  limit 1),
           u as (update job set state = 'running', lease_epoch = lease_epoch + 1,
                        started_at = coalesce(started_at, graft_now())
                  where id = (select id from j)
                  returning *, 'info' as level, 'Fine-tuning job started' as message),
           l as (insert into job_lease (job_id, epoch, token, worker_id, claimed_at, expires_at,
                                        claim_request)
                 select id, lease_epoch, gen_random_uuid(), :worker, graft_now(),
                        graft_now() + :ttl * interval '1 millisecond', :request::uuid
                   from u
                 returning job_id, epoch, token),
           k as (update department set running = running + 1
                  where id = (select department_id from u)),
      """
              .formatted(
                  FairShare.SHARE,
                  CANDIDATES,
                  JobsThatFit.startable("o.id", CLAIMER),
                  JobsThatFit.sizes("(select id from d)", CLAIMER),
                  CLAIMER.fits(),
                  JobsThatFit.classes(":dedicated"))
          + Transition.event(", tokens_per_second = null")
          + "select u.*, l.token, extract(epoch from graft_now() - u.available_at) as waited,\n"
          + EARLIER_RUNS
          + "  from d left join (u join l on l.job_id = u.id) on true\n";

  /** Waits for the department's row. It holds no lock yet, so that no other claim waits for it. */
  static final String CLAIM_WAITING =
      CLAIM.replace("limit 1 for no key update skip locked", "limit 1 for no key update");

  private static final String CLAIMED =
      """
      -- claimed: the job of an earlier claim with this request, whose answer may have been lost
      with l as (update job_lease set expires_at = graft_now() + :ttl * interval '1 millisecond'
                  where worker_id = :worker and claim_request = :request and ended_at is null
                 returning job_id, token)
      select u.*, l.token, null::float8 as waited,
      """
          + EARLIER_RUNS
          + "  from l join job u on u.id = l.job_id\n";

  private final JdbcClient sql;
  private final WorkerDevices devices;
  private final JobProperties settings;
  private final JobMeters meters;
  private final Traces traces;

  Claims(
      JdbcClient sql,
      WorkerDevices devices,
      JobProperties settings,
      JobMeters meters,
      Traces traces) {
    this.sql = sql;
    this.devices = devices;
    this.settings = settings;
    this.meters = meters;
    this.traces = traces;
  }

  /**
   * Claims a job: at once, and then every {@code graft.jobs.claim-poll} until {@code wait} is over.
   *
   * @param request identifies repetitions of this claim, which get the same lease while it lives;
   *     null = the worker sends none
   * @throws dev.graft.jobs.lease.LeaseProtocol.LeaseRefused if the worker is configured for another
   *     class than it joined with
   */
  Optional<Lease> claim(String workerId, Device device, Duration wait, @Nullable UUID request)
      throws InterruptedException {
    devices.asks(workerId, device);
    Optional<Lease> before = claimed(workerId, request);
    if (before.isPresent()) return before;
    Duration longest =
        wait.compareTo(LeaseProtocol.LONGEST_WAIT) < 0 ? wait : LeaseProtocol.LONGEST_WAIT;
    long end = System.nanoTime() + longest.toNanos();
    while (true) {
      Optional<Lease> lease = claimNow(workerId, device, request);
      long left = end - System.nanoTime();
      if (lease.isPresent() || left <= 0) return lease;
      TimeUnit.NANOSECONDS.sleep(Math.min(left, settings.claimPoll().toNanos()));
    }
  }

  /** Claims the next job that the device may get; empty only if none may start. */
  Optional<Lease> claimNow(String workerId, Device device, @Nullable UUID request) {
    long begun = System.nanoTime();
    try {
      return meters.claim(() -> next(workerId, device, request, begun));
    } catch (DuplicateKeyException alreadyGot) { // by this claim, when it was sent before
      return claimed(workerId, request);
    }
  }

  private Optional<Lease> next(String workerId, Device device, @Nullable UUID request, long begun) {
    JdbcClient.StatementSpec now = claim(CLAIM, workerId, device, request);
    JdbcClient.StatementSpec waiting = claim(CLAIM_WAITING, workerId, device, request);
    for (int i = 0; i < TRIES; i++) {
      Optional<Answer> answer = answer(now, workerId, begun);
      if (answer.isEmpty()) answer = answer(waiting, workerId, begun);
      if (answer.isEmpty()) return Optional.empty();
      if (answer.get().lease() != null) return Optional.of(answer.get().lease());
    }
    return Optional.empty();
  }

  /** What a claim got that chose a department; null = others took its last jobs. */
  private record Answer(@Nullable Lease lease) {}

  private JdbcClient.StatementSpec claim(
      String statement, String workerId, Device device, @Nullable UUID request) {
    return sql.sql(statement)
        .param("worker", workerId)
        .param("dedicated", Boolean.TRUE.equals(device.dedicated()))
        .param("kind", JobNeeds.kind(device.computes()))
        .param("capability", device.capabilityNumber())
        .param("devices", device.count())
        .param("memory", device.holds())
        .param("ttl", settings.leaseTtl().toMillis())
        .param("request", request)
        .param("half_life", settings.fairShare().halfLifeSeconds())
        .param("penalty", settings.fairShare().penaltySeconds());
  }

  private Optional<Answer> answer(JdbcClient.StatementSpec claim, String workerId, long begun) {
    return claim
        .query(
            (row, n) ->
                new Answer(
                    row.getString("id") == null ? null : lease(row, traced(row, workerId, begun))))
        .optional();
  }

  /** Returns the job that an earlier claim with this request still holds, and renews its lease. */
  private Optional<Lease> claimed(String workerId, @Nullable UUID request) {
    if (request == null) return Optional.empty();
    return sql.sql(CLAIMED)
        .param("worker", workerId)
        .param("request", request)
        .param("ttl", settings.leaseTtl().toMillis())
        .query((row, n) -> lease(row, row.getString("traceparent")))
        .optional();
  }

  /** Records the wait and the claim as spans; returns the trace context for the run. */
  private @Nullable String traced(ResultSet row, String workerId, long begun) throws SQLException {
    Duration waited = LeaseLedger.seconds(row, "waited");
    meters.claimed(waited);
    String submitted = row.getString("traceparent");
    if (submitted == null) return null;
    Map<String, String> ids =
        Map.of(
            "graft.job_id", row.getString("id"),
            "graft.department_id", row.getString("department_id"),
            "graft.worker_id", workerId);
    String inQueue = traces.past("wait in queue", submitted, waited, ids);
    if (inQueue == null) return submitted;
    return traces.past("claim job", inQueue, Duration.ofNanos(System.nanoTime() - begun), ids);
  }

  private Lease lease(ResultSet row, @Nullable String traceparent) throws SQLException {
    LeaseKey key =
        new LeaseKey(
            row.getString("id"), row.getLong("lease_epoch"), row.getObject("token", UUID.class));
    log.atInfo()
        .addKeyValue("job", key.jobId())
        .addKeyValue("epoch", key.epoch())
        .log("job_claimed");
    String validation = row.getString("validation_digest");
    String start = row.getString("start_manifest");
    Resources resources = Resources.written(row.getString("resources"));
    return new Lease(
        key,
        settings.leaseTtl().toMillis(),
        settings.heartbeat().toMillis(),
        row.getString("base_model"),
        new Digest(row.getString("base_manifest")),
        new Digest(row.getString("training_digest")),
        validation == null ? null : new Digest(validation),
        row.getString("adapter"),
        row.getLong("seed"),
        checkpoints(row.getString("checkpoints")),
        row.getString("parent_model"),
        start == null ? null : new Digest(start),
        row.getInt("memory_failures") > 0,
        resources,
        limits(resources, row.getLong("ran_ms")),
        traceparent);
  }

  private static List<Lease.Resume> checkpoints(@Nullable String json) {
    if (json == null) return List.of();
    return JsonMapper.shared()
        .readTree(json)
        .valueStream()
        .map(
            each ->
                new Lease.Resume(
                    each.get("step").intValue(), new Digest(each.get("manifest").stringValue())))
        .toList();
  }

  /** Returns the limits of the run; earlier runs have used up part of the job's time. */
  private Lease.RunLimits limits(Resources resources, long ranMs) {
    Long asked = resources.maxRunSeconds();
    Duration most = settings.maxRun();
    if (asked != null && (most == null || asked < most.toSeconds()))
      most = Duration.ofSeconds(asked);
    Long quiet = resources.noProgressSeconds();
    return new Lease.RunLimits(
        most == null ? null : Math.max(0, most.toMillis() - ranMs),
        quiet == null ? settings.noProgress().toMillis() : quiet * 1000);
  }

  /**
   * The waiting jobs that a device may get, as SQL. A job asks for one class of worker or any
   * ({@code worker_class}), for a kind and number of devices ({@code device_needs}) and for memory;
   * index {@code job_meets} has a department's jobs in this order. {@link #sizes} steps from one
   * combination to the next without reading the jobs between, and skips all sizes of needs that the
   * device does not meet, and sizes that are too large for it.
   */
  static final class JobsThatFit {
    private JobsThatFit() {}

    /**
     * A device, as SQL expressions.
     *
     * @param classes array of the values of {@code worker_class} that it accepts
     * @param declined array of the ids of jobs that its worker has declined
     */
    record Offered(
        String classes,
        String kind,
        String capability,
        String devices,
        String memory,
        String declined) {
      /** A device of a worker that has declined no job. */
      Offered(String classes, String kind, String capability, String devices, String memory) {
        this(classes, kind, capability, devices, memory, "'{}'::text[]");
      }

      /** Returns the condition by which a row {@code m} of {@link #sizes} fits the device. */
      String fits() {
        return "(m.size <= %s and device_meets(m.needs, %s, %s, %s))"
            .formatted(memory, kind, capability, devices);
      }
    }

    /** Returns the values of {@code worker_class} that a worker {@code w} accepts on a device. */
    static String classes(String dedicated) {
      return "case when %s then array[w.class] else array['', w.class] end".formatted(dedicated);
    }

    /**
     * Returns the body of a recursive {@code m}: one row for each class, needs and size of which a
     * department has a job that may start now. All that fit the device are there, and some others.
     */
    static String sizes(String department, Offered device) {
      return """
      select k.class, f.needs, f.size
        from unnest(%1$s) k (class) cross join lateral
             (select device_needs as needs, memory_bytes as size from job q
               where q.department_id = %2$s and q.state = 'queued' and q.worker_class = k.class
                 and q.id <> all(%5$s) and q.available_at <= (select graft_now())
               order by q.device_needs, q.memory_bytes limit 1) f
      union all
      select m.class, f.needs, f.size
        from m cross join lateral
             (select device_needs as needs, memory_bytes as size from job q
               where q.department_id = %2$s and q.state = 'queued' and q.worker_class = m.class
                 and q.id <> all(%5$s) and (q.device_needs, q.memory_bytes)
                       > (m.needs, case when %3$s then m.size else %4$d end)
                 and q.available_at <= (select graft_now())
               order by q.device_needs, q.memory_bytes limit 1) f
      """
          .formatted(
              device.classes(), department, device.fits(), Long.MAX_VALUE, device.declined());
    }

    /** Returns true if a department has a job that could start now on the device, else null. */
    static String startable(String department, Offered device) {
      return "(with recursive m as (\n%s) select true from m where %s limit 1)"
          .formatted(sizes(department, device), device.fits());
    }
  }

  /**
   * Fair share: the department with the fewest used device-seconds for its weight is next.
   *
   * @param halfLife the time after which use counts half
   * @param entryPenalty a job counts as if it had run at least this long, so that concurrent claims
   *     do not all choose the same department
   */
  record FairShare(
      @DefaultValue("7d") Duration halfLife, @DefaultValue("60s") Duration entryPenalty) {
    /** Device-seconds of ended leases, decayed to now: columns of {@code department}. */
    static final String USED = "fair_usage(used, used_at, :half_life, (select graft_now()))";

    /** Device-seconds of the live leases of a row of {@code department}. */
    static final String LIVE =
        """
        case when running = 0 then 0 else
          (select coalesce(sum(devices_of(r.device_needs)
                                 * greatest(extract(epoch from (select graft_now()) - o.claimed_at), :penalty)), 0)
             from job r join job_lease o on o.job_id = r.id and o.ended_at is null
            where r.department_id = department.id and r.state = 'running') end\
        """;

    /** The order of departments: the lowest is next. */
    static final String SHARE = "(" + USED + " + " + LIVE + ") / weight";

    FairShare {
      if (!halfLife.isPositive() || entryPenalty.isNegative()) {
        throw new IllegalArgumentException(
            "graft.jobs.fair-share.half-life must be positive, entry-penalty not negative");
      }
    }

    double halfLifeSeconds() {
      return halfLife.toMillis() / 1000.0;
    }

    double penaltySeconds() {
      return entryPenalty.toMillis() / 1000.0;
    }
  }
}
