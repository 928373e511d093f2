package dev.graft.jobs;

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
   * {@code j} is the first of the first size that is not locked. {@link JobMemory} keeps the sizes
   * few: a claim reads at most one job of each size that fits, and one more of each different need,
   * beside those that the worker has just given back for want of room ({@code x}).
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
}
