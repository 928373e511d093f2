package dev.graft.jobs.queue;

import dev.graft.jobs.lease.CheckpointReport;
import dev.graft.jobs.lease.Device;
import dev.graft.jobs.lease.LeaseKey;
import dev.graft.jobs.lease.LeaseLost;
import dev.graft.jobs.lease.LeaseReport;
import java.time.Duration;
import java.util.List;
import java.util.Optional;
import java.util.UUID;
import java.util.function.Function;
import org.jspecify.annotations.Nullable;
import org.springframework.beans.factory.annotation.Autowired;
import org.springframework.dao.DuplicateKeyException;
import org.springframework.jdbc.core.simple.JdbcClient;
import org.springframework.stereotype.Component;

/**
 * The worker's side of the queue, as SQL: claim, renew, checkpoint. How a lease ends is in {@link
 * LeaseEndings}.
 *
 * <p>The live row of {@code job_lease} is the fence. Every write begins by hitting exactly that row
 * by (job, epoch, token); a caller that no longer holds it changes nothing. A statement that ends a
 * lease also moves the job's state and the department's counter and writes the event: one
 * statement, so that no crash can part them. Locks are always taken in the order lease, job,
 * progress, department; the claim starts at the department but skips what is locked, so it never
 * waits inside the circle.
 */
@Component
public class LeaseLedger {
  /** Of one claim; more than there are claimers at once. */
  private static final int TRIES = 64;

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

  private final JdbcClient sql;
  private final FairShare fairShare;

  @Autowired
  LeaseLedger(JdbcClient sql, JobProperties settings) {
    this(sql, settings.fairShare());
  }

  LeaseLedger(JdbcClient sql, FairShare fairShare) {
    this.sql = sql;
    this.fairShare = fairShare;
  }

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
             (select %6$s as classes from worker w where w.id = :worker),
           x as materialized
             (select coalesce(array_agg(job_id), '{}') as jobs from job_lease
               where worker_id = :worker and declined_until > graft_now()),
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
          + "select u.*, l.token from d left join (u join l on l.job_id = u.id) on true\n";

  /** Waits for the department's row: it holds nothing yet, so that nobody can wait for it. */
  private static final String CLAIM_WAITING =
      CLAIM.replace("limit 1 for no key update skip locked", "limit 1 for no key update");

  private static final String CLAIMED =
      """
      -- claimed: by a claim of this request, whose answer may have been lost
      with l as (update job_lease set expires_at = graft_now() + :ttl * interval '1 millisecond'
                  where worker_id = :worker and claim_request = :request and ended_at is null
                 returning job_id, token)
      select job.*, l.token from l join job on job.id = l.job_id
      """;

  private static final String RENEW =
      """
      -- renew: extends the lease, moves the progress; writes the events of a report not seen yet. A
      -- run that begins voids what earlier ones told of later steps, and at the beginning of step 0,
      -- where it evaluates again. Its first step is the first that
      -- has a speed
      with f as (select job_id, epoch, report < :number as fresh from job_lease
                  where job_id = :job and epoch = :epoch and token = :token and ended_at is null
                  for update),
           l as (update job_lease
                    set expires_at = graft_now() + :ttl * interval '1 millisecond',
                        report = greatest(report, :number),
                        first_step_at = case when first_step is null and :speed::float8 is not null
                                             then graft_now() else first_step_at end,
                        first_step = coalesce(first_step, case when :speed::float8 is not null
                                                               then :step::int end)
                   from f where job_lease.job_id = f.job_id and job_lease.epoch = f.epoch),
           v as (delete from job_event using f
                  where f.fresh and :begins::int is not null and job_event.job_id = f.job_id
                    and type = 'metrics' and (data ->> 'step')::int
                          > case when :begins::int = 0 then -1 else :begins::int end),
           p as (update job_progress
                    set last_event = last_event + case when f.fresh then :events else 0 end,
                        step = coalesce(:step::int, step), total_steps = coalesce(:total::int, total_steps),
                        job_epoch = coalesce(:job_epoch::float8, job_epoch),
                        tokens_per_second = coalesce(:speed::float8, tokens_per_second),
                        trained_tokens = greatest(trained_tokens, :tokens),
                        validating = coalesce(:validating::boolean, validating),
                        progressed_at = case when :step::int <> step then graft_now() else progressed_at end
                   from f where job_progress.job_id = f.job_id
                 returning last_event),
           e as (insert into job_event (job_id, number, created_at, level, type, message, data)
                 select f.job_id, p.last_event - :events + t.n, graft_now(), t.level, t.type, t.message,
                        t.data::jsonb
                   from f, p, unnest(:levels::text[], :types::text[], :messages::text[], :data::text[])
                              with ordinality as t (level, type, message, data, n)
                  where f.fresh)
      select j.cancel_requested_at is not null as cancel, j.pause_requested_at is not null as pause
        from f cross join p join job j on j.id = f.job_id
      """;

  private static final String CHECKPOINT =
      """
      -- checkpoint: a committed checkpoint is progress, so losses and releases are counted anew
      with f as (select job_id, epoch from job_lease
                  where job_id = :job and epoch = :epoch and token = :token and ended_at is null
                  for update),
           c as (insert into job_checkpoint (id, job_id, epoch, step, manifest, metrics, created_at,
                                             job_epoch, trained_tokens)
                 select :id, job_id, epoch, :step, :manifest, :metrics::jsonb, graft_now(),
                        :job_epoch::float8, :tokens::bigint from f
                 on conflict (job_id, epoch, step) do nothing
                 returning job_id),
           j as (update job set losses_in_a_row = 0, own_losses_in_a_row = 0, releases_in_a_row = 0
                   from f where job.id = f.job_id),
           u as (select job_id as id, 'info' as level, 'Checkpoint created at step ' || :step as message
                   from c),
      """
          + Transition.told("")
          + "select job_id from f\n";

  /**
   * The next job that the device may get; empty only if none may start. Each failed try is one that
   * somebody else won, or a job whose row is locked for the moment.
   *
   * @param request of which there is one live lease at most; null = any number
   * @throws DuplicateKeyException if another claim of this request was faster: {@link #claimed} has
   *     its job
   */
  public Optional<ClaimedJob> claim(
      String workerId, Device device, Duration ttl, @Nullable UUID request) {
    for (int i = 0; i < TRIES; i++) {
      Optional<Claim> now = claim(CLAIM, workerId, device, ttl, request);
      Optional<Claim> claim =
          now.isPresent() ? now : claim(CLAIM_WAITING, workerId, device, ttl, request);
      if (claim.isEmpty()) return Optional.empty();
      if (claim.get().job() != null) return Optional.of(claim.get().job());
    }
    return Optional.empty();
  }

  /** What a claim of this request has got and still holds; its lease is renewed. */
  public Optional<ClaimedJob> claimed(String workerId, UUID request, Duration ttl) {
    return sql.sql(CLAIMED)
        .param("worker", workerId)
        .param("request", request)
        .param("ttl", ttl.toMillis())
        .query(ClaimedJob::of)
        .optional();
  }

  /** Of a chosen department. */
  private record Claim(@Nullable ClaimedJob job) {}

  private Optional<Claim> claim(
      String statement, String workerId, Device device, Duration ttl, @Nullable UUID request) {
    return sql.sql(statement)
        .param("worker", workerId)
        .param("dedicated", Boolean.TRUE.equals(device.dedicated()))
        .param("kind", JobNeeds.kind(device.computes()))
        .param("capability", device.capabilityNumber())
        .param("devices", device.count())
        .param("memory", device.holds())
        .param("ttl", ttl.toMillis())
        .param("request", request)
        .param("half_life", fairShare.halfLifeSeconds())
        .param("penalty", fairShare.penaltySeconds())
        .query((row, n) -> new Claim(row.getString("id") == null ? null : ClaimedJob.of(row, n)))
        .optional();
  }

  /**
   * @param cancel the department wants the job cancelled
   * @param pause the department wants it paused
   */
  public record Renewed(boolean cancel, boolean pause) {}

  public Renewed renew(LeaseKey key, Duration ttl, LeaseReport report) {
    List<ReportedEvent> events = ReportedEvent.of(report);
    LeaseReport.@Nullable Progress progress = report.progress();
    return fenced(RENEW, key)
        .param("ttl", ttl.toMillis())
        .param("number", report.number())
        .param("begins", report.begins())
        .param("events", events.size())
        .param("levels", column(events, ReportedEvent::level))
        .param("types", column(events, ReportedEvent::type))
        .param("messages", column(events, ReportedEvent::message))
        .param("data", column(events, ReportedEvent::dataJson))
        .param("step", progress == null ? null : progress.step())
        .param("total", progress == null ? null : progress.totalSteps())
        .param("job_epoch", progress == null ? null : progress.epoch())
        .param("speed", progress == null ? null : progress.tokensPerSecond())
        .param("validating", progress == null ? null : progress.validating())
        .param("tokens", report.trainedTokens())
        .query((row, n) -> new Renewed(row.getBoolean("cancel"), row.getBoolean("pause")))
        .optional()
        .orElseThrow(() -> new LeaseLost(key));
  }

  private static @Nullable String[] column(
      List<ReportedEvent> events, Function<ReportedEvent, @Nullable String> value) {
    return events.stream().map(value).toArray(String[]::new);
  }

  public void checkpoint(LeaseKey key, String id, CheckpointReport report, String metricsJson) {
    boolean held =
        fenced(CHECKPOINT, key)
            .param("id", id)
            .param("step", report.step())
            .param("manifest", report.manifest().hex())
            .param("metrics", metricsJson)
            .param("job_epoch", report.epoch())
            .param("tokens", report.trainedTokens())
            .query(String.class)
            .optional()
            .isPresent();
    if (!held) throw new LeaseLost(key);
  }

  /** How long use counts, for the statements that add to it. */
  double halfLifeSeconds() {
    return fairShare.halfLifeSeconds();
  }

  JdbcClient.StatementSpec sql(String statement) {
    return sql.sql(statement);
  }

  JdbcClient.StatementSpec fenced(String statement, LeaseKey key) {
    return sql(statement)
        .param("job", key.jobId())
        .param("epoch", key.epoch())
        .param("token", key.token());
  }
}
