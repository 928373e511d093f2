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

/** The claim, as SQL: the next job that a device may get. {@link LeaseLedger} sends it. */
final class ClaimStatement {
  /** Departments that one claim may lock one of. */
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
   * The department's row is locked before its counter is believed, and the counter moves in the
   * same statement: the quota holds under any number of claimers. {@code skip locked} sends a
   * claimer that finds the department locked to the next one; {@link #CLAIM_WAITING} is for one who
   * found all of them so. Ids are passed as scalar sub-selects, not joined, so that {@code
   * job_meets} gives the order. No row: there is no department to choose; a row without a job:
   * others have taken the last ones of the chosen department meanwhile.
   *
   * <p>Departments are ordered first and asked for work after that, so that as few are asked as
   * there are candidates; {@code offset} and the scalar sub-select keep the planner from turning
   * that around.
   *
   * <p>A device gets no job that asks for more than it is, see {@link JobsThatFit}, and what it
   * does not get is not read: {@code m} steps from one size of the chosen department's waiting jobs
   * to the next, {@code s} takes the first job of each and puts the sizes in the order of those,
   * {@code j} is the first of the first size that is not locked. {@link JobNeeds.JobMemory} keeps
   * the sizes few: a claim reads at most one job of each size that fits, and one more of each
   * different need, beside those that the worker has just given back for want of room ({@code x}).
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
          + Transition.told(", tokens_per_second = null")
          + "select u.*, l.token, extract(epoch from graft_now() - u.available_at) as waited"
          + " from d left join (u join l on l.job_id = u.id) on true\n";

  /** Waits for the department's row: it holds nothing yet, so that nobody can wait for it. */
  static final String CLAIM_WAITING =
      CLAIM.replace("limit 1 for no key update skip locked", "limit 1 for no key update");

  static final String CLAIMED =
      """
      -- claimed: by a claim of this request, whose answer may have been lost
      with l as (update job_lease set expires_at = graft_now() + :ttl * interval '1 millisecond'
                  where worker_id = :worker and claim_request = :request and ended_at is null
                 returning job_id, token)
      select job.*, l.token from l join job on job.id = l.job_id
      """;

  /**
   * Which waiting jobs a device may get, as SQL. A job asks for a class of worker or any ({@code
   * worker_class}), for a kind and number of devices ({@code device_needs}) and for memory; index
   * {@code job_meets} has a department's jobs in this order. {@link #sizes} steps from one
   * combination to the next without reading the jobs between: past all sizes of needs that the
   * device does not meet, and past those that are too large for it.
   */
  static final class JobsThatFit {
    private JobsThatFit() {}

    /**
     * A device, as SQL expressions.
     *
     * @param classes the values of {@code worker_class} that it takes, an array
     * @param declined ids of jobs that its worker has no room for, an array
     */
    public record Offered(
        String classes,
        String kind,
        String capability,
        String devices,
        String memory,
        String declined) {
      /** A device of a worker that takes whatever it meets. */
      public Offered(
          String classes, String kind, String capability, String devices, String memory) {
        this(classes, kind, capability, devices, memory, "'{}'::text[]");
      }

      /** What {@link #startable} and {@link #fits} ask of a row {@code m} of {@link #sizes}. */
      String fits() {
        return "(m.size <= %s and device_meets(m.needs, %s, %s, %s))"
            .formatted(memory, kind, capability, devices);
      }
    }

    /** The values of {@code worker_class} that a worker {@code w} takes on a device. */
    static String classes(String dedicated) {
      return "case when %s then array[w.class] else array['', w.class] end".formatted(dedicated);
    }

    /**
     * The body of a recursive {@code m}: one row for each class, needs and size of which a
     * department has a job that could start now, of those that fit and some that do not.
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

    /** True if a department has a job that could start now on the device, else null. */
    public static String startable(String department, Offered device) {
      return "(with recursive m as (\n%s) select true from m where %s limit 1)"
          .formatted(sizes(department, device), device.fits());
    }
  }

  /**
   * How departments take turns: the one that used the fewest device-seconds for its weight is next.
   *
   * @param halfLife use counts half after this long
   * @param entryPenalty a job that has just been claimed counts as if it had run this long, so that
   *     claimers who arrive together do not all choose the same department
   */
  record FairShare(
      @DefaultValue("7d") Duration halfLife, @DefaultValue("60s") Duration entryPenalty) {
    /** Device-seconds that ended leases left, as of now: columns of {@code department}. */
    public static final String USED = "fair_usage(used, used_at, :half_life, (select graft_now()))";

    /** Device-seconds of the live leases of a row of {@code department}. */
    public static final String LIVE =
        """
        case when running = 0 then 0 else
          (select coalesce(sum(devices_of(r.device_needs)
                                 * greatest(extract(epoch from (select graft_now()) - o.claimed_at), :penalty)), 0)
             from job r join job_lease o on o.job_id = r.id and o.ended_at is null
            where r.department_id = department.id and r.state = 'running') end\
        """;

    /** What departments are ordered by. */
    public static final String SHARE = "(" + USED + " + " + LIVE + ") / weight";

    public FairShare {
      if (!halfLife.isPositive() || entryPenalty.isNegative()) {
        throw new IllegalArgumentException(
            "graft.jobs.fair-share.half-life must be positive, entry-penalty not negative");
      }
    }

    public double halfLifeSeconds() {
      return halfLife.toMillis() / 1000.0;
    }

    public double penaltySeconds() {
      return entryPenalty.toMillis() / 1000.0;
    }
  }

  /**
   * What a claim returns.
   *
   * @param parentModel model that the job continues from, or null
   * @param start manifest of the directory that training begins with, or null
   * @param resources that it asked for
   * @param departmentId whose it is
   * @param traceparent of the span that submitted it; null = it is in no trace
   * @param waited in the queue; null where an earlier claim got it, whose answer was lost
   * @param memoryFailures runs that ran out of memory so far: another takes as little as it can
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
