package dev.graft.jobs;

import dev.graft.artifacts.Digest;
import dev.graft.jobs.lease.Lease.LeaseKey;
import dev.graft.spec.Resources;
import java.sql.ResultSet;
import java.sql.SQLException;
import java.time.Duration;
import java.util.UUID;
import org.jspecify.annotations.Nullable;
import org.springframework.boot.context.properties.bind.DefaultValue;

/** The SQL of the claim: it takes the next job for a device. {@link LeaseLedger} sends it. */
final class ClaimStatement {
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

  private ClaimStatement() {}

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
          + "select u.*, l.token, extract(epoch from graft_now() - u.available_at) as waited"
          + " from d left join (u join l on l.job_id = u.id) on true\n";

  /** Waits for the department's row. It holds no lock yet, so that no other claim waits for it. */
  static final String CLAIM_WAITING =
      CLAIM.replace("limit 1 for no key update skip locked", "limit 1 for no key update");

  static final String CLAIMED =
      """
      -- claimed: the job of an earlier claim with this request, whose answer may have been lost
      with l as (update job_lease set expires_at = graft_now() + :ttl * interval '1 millisecond'
                  where worker_id = :worker and claim_request = :request and ended_at is null
                 returning job_id, token)
      select job.*, l.token from l join job on job.id = l.job_id
      """;

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

  /**
   * A job that was just claimed.
   *
   * @param parentModel model that the job continues from, or null
   * @param start manifest of the directory that training begins with, or null
   * @param traceparent trace context of the request that submitted it; null = there is no trace
   * @param waited time in the queue; null if an earlier claim took the job and its answer was lost
   * @param memoryFailures runs that ran out of memory so far
   */
  record ClaimedJob(
      LeaseKey key,
      String baseModel,
      Digest baseManifest,
      Digest trainingFile,
      @Nullable Digest validationFile,
      String adapterJson,
      long seed,
      Resources resources,
      int memoryFailures,
      @Nullable String parentModel,
      @Nullable Digest start,
      String departmentId,
      @Nullable String traceparent,
      @Nullable Duration waited) {
    static ClaimedJob before(ResultSet row, int number) throws SQLException {
      return of(row, null);
    }

    static ClaimedJob of(ResultSet row, @Nullable Duration waited) throws SQLException {
      String start = row.getString("start_manifest");
      String validation = row.getString("validation_digest");
      return new ClaimedJob(
          new LeaseKey(
              row.getString("id"), row.getLong("lease_epoch"), row.getObject("token", UUID.class)),
          row.getString("base_model"),
          new Digest(row.getString("base_manifest")),
          new Digest(row.getString("training_digest")),
          validation == null ? null : new Digest(validation),
          row.getString("adapter"),
          row.getLong("seed"),
          Resources.written(row.getString("resources")),
          row.getInt("memory_failures"),
          row.getString("parent_model"),
          start == null ? null : new Digest(start),
          row.getString("department_id"),
          row.getString("traceparent"),
          waited);
    }
  }
}
