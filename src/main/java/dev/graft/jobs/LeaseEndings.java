package dev.graft.jobs;

import dev.graft.artifacts.Digest;
import dev.graft.jobs.lease.Lease.LeaseKey;
import dev.graft.jobs.lease.LeaseProtocol.LeaseLost;
import dev.graft.jobs.lease.LeaseProtocol.TrainingFailure;
import java.sql.ResultSet;
import java.sql.SQLException;
import java.time.Duration;
import java.util.List;
import org.jspecify.annotations.Nullable;
import org.springframework.beans.factory.annotation.Autowired;
import org.springframework.jdbc.core.simple.JdbcClient;
import org.springframework.stereotype.Component;

/**
 * The statements by which a worker ends its lease, as SQL: complete, fail, release. Fence and lock
 * order as {@link LeaseLedger} says. A cancel that was asked for wins over every other end. {@link
 * Reaper.LostLeases} takes leases away whose workers are silent.
 */
@Component
class LeaseEndings {
  /** A worker looks this often at least whether it has room by now. */
  private static final Duration DECLINED_AT_MOST = Duration.ofMinutes(5);

  private final LeaseLedger ledger;
  private final Duration retryAfter;
  private final Duration retryAtMost;

  @Autowired
  LeaseEndings(LeaseLedger ledger, JobProperties settings) {
    this(ledger, settings.retryAfter(), settings.retryAtMost());
  }

  LeaseEndings(LeaseLedger ledger, Duration retryAfter, Duration retryAtMost) {
    this.ledger = ledger;
    this.retryAfter = retryAfter;
    this.retryAtMost = retryAtMost;
  }

  private static final String COMPLETE =
      """
      -- complete: a cancel asked for before this statement wins
      with l as (update job_lease set ended_at = graft_now(), outcome = 'completed',
                        manifest = :manifest
                  where job_id = :job and epoch = :epoch and token = :token and ended_at is null
                 returning job_id, worker_id, extract(epoch from ended_at - claimed_at) as device_seconds),
           u as (update job
                    set state = case when cancel_requested_at is null then 'succeeded' else 'cancelled' end,
                        finished_at = graft_now(),
                        fine_tuned_model = case when cancel_requested_at is null then :model end,
                        result_manifest = case when cancel_requested_at is null then :manifest end,
                        result_files = case when cancel_requested_at is null then :files else '{}' end
                   from l where job.id = l.job_id
                 returning id, department_id, state, restart_epoch,
                           l.device_seconds * devices_of(device_needs) as device_seconds, 'info' as level,
                           case when state = 'succeeded' then 'The job has successfully completed'
                                else 'Fine-tuning job cancelled' end as message),
      """
          + Transition.TOLD_AND_COUNTED;

  private static final String COMPLETED =
      """
      -- completed
      select 1 from job_lease
       where job_id = :job and epoch = :epoch and token = :token and outcome = 'completed'
         and manifest = :manifest
      """;

  private static final String FAIL =
      """
      -- fail: back to the queue when :retry, unless a cancel was asked for
      with l as (update job_lease set ended_at = graft_now(), outcome = 'failed'
                  where job_id = :job and epoch = :epoch and token = :token and ended_at is null
                 returning job_id, worker_id, extract(epoch from ended_at - claimed_at) as device_seconds),
           u as (update job
                    set state = case when cancel_requested_at is not null then 'cancelled'
                                     when :retry then case when pause_requested_at is null then 'queued' else 'paused' end
                                     else 'failed' end,
                        pause_requested_at = null,
                        finished_at = case when cancel_requested_at is not null or not :retry
                                           then graft_now() end,
                        available_at = case when :retry then graft_now() + :delay * interval '1 millisecond'
                                            else available_at end,
                        failures = failures + case when :memory or :lost then 0 else 1 end,
                        losses_in_a_row = losses_in_a_row + case when :lost then 1 else 0 end,
                        own_losses_in_a_row = own_losses_in_a_row + case when :lost then 1 else 0 end,
                        memory_failures = memory_failures + case when :memory then 1 else 0 end,
                        memory_bytes = case when :memory then memory_smaller else memory_bytes end,
                        failure_class = :class, failure_message = :message,
                        failure_hint = :hint::text, failure_param = :param::text
                   from l where job.id = l.job_id
                 returning id, department_id, state, restart_epoch,
                           l.device_seconds * devices_of(device_needs) as device_seconds,
                           case when state = 'failed' then 'error' else 'warn' end as level,
                           case state when 'cancelled' then 'Fine-tuning job cancelled'
                                      else :told end as message),
      """
          + Transition.TOLD_AND_COUNTED;

  private static final String RELEASE =
      """
      -- release: back to the queue, or paused or cancelled when that was asked for. The first time it
      -- keeps its place; given back again without a checkpoint it waits. One that this worker cannot
      -- hold keeps its place for the others
      with n as (select releases_in_a_row + case when :declined then 1 else 0 end as times from job
                  where id = :job),
           d as (select times, least(:most, :first * power(2, least(times - 1, 20)))
                                 * interval '1 millisecond' as delay from n),
           l as (update job_lease set ended_at = graft_now(), outcome = 'released',
                        declined_until = case when :declined then graft_now() + d.delay end
                   from d
                  where job_id = :job and epoch = :epoch and token = :token and ended_at is null
                 returning job_id, worker_id, extract(epoch from ended_at - claimed_at) as device_seconds),
           u as (update job
                    set state = case when cancel_requested_at is not null then 'cancelled'
                                     when pause_requested_at is not null then 'paused'
                                     else 'queued' end,
                        releases_in_a_row = case when cancel_requested_at is null
                                                  and pause_requested_at is null
                                                 then releases_in_a_row + 1
                                                 else releases_in_a_row end,
                        available_at = case when :declined or d.times = 0 then available_at
                                            else graft_now() + d.delay end,
                        pause_requested_at = null,
                        finished_at = case when cancel_requested_at is not null then graft_now() end
                   from l, d where job.id = l.job_id
                 returning id, department_id, state, restart_epoch,
                           l.device_seconds * devices_of(device_needs) as device_seconds, 'info' as level,
                           case state when 'queued' then 'The worker gave the job back'
                                      when 'paused' then 'Fine-tuning job paused'
                                      else 'Fine-tuning job cancelled' end as message),
      """
          + Transition.TOLD_AND_COUNTED;

  /** How long the runs of a job have taken that are over. */
  public Duration ran(String jobId) {
    return Duration.ofMillis(
        ledger
            .sql(
                """
                -- ran
                select coalesce(sum(extract(epoch from ended_at - claimed_at)), 0) * 1000
                  from job_lease where job_id = :job and ended_at is not null
                """)
            .param("job", jobId)
            .query(Long.class)
            .single());
  }

  public JobState complete(LeaseKey key, String model, Digest manifest, List<String> resultFiles) {
    return ended(
        JobMeters.Ending.COMPLETED,
        null,
        ledger
            .fenced(COMPLETE, key)
            .param("model", model)
            .param("manifest", manifest.hex())
            .param("files", resultFiles.toArray(String[]::new)),
        key);
  }

  /** Whether this very lease completed with this result: a repeated complete is then answered. */
  public boolean completed(LeaseKey key, Digest manifest) {
    return ledger
        .fenced(COMPLETED, key)
        .param("manifest", manifest.hex())
        .query(Integer.class)
        .optional()
        .isPresent();
  }

  /**
   * @param retry how long until the next attempt; null = there is none
   * @param told the event's sentence; where the job is tried again, from which checkpoint follows
   */
  public JobState fail(
      LeaseKey key, TrainingFailure failure, @Nullable Duration retry, String told) {
    return ended(
        JobMeters.Ending.FAILED,
        failure.kind().wireName(),
        ledger
            .fenced(FAIL, key)
            .param("retry", retry != null)
            .param("delay", retry == null ? 0 : retry.toMillis())
            .param("memory", failure.kind().cost() == TrainingFailure.Cost.MEMORY)
            .param("lost", failure.kind().cost() == TrainingFailure.Cost.LOSS)
            .param("class", failure.kind().wireName())
            .param("message", failure.message())
            .param("hint", failure.hint())
            .param("param", failure.param())
            .param("told", told),
        key);
  }

  public JobState release(LeaseKey key) {
    return released(key, false, retryAtMost);
  }

  /** The worker has no room for the job: others have the job now, this one not for a while. */
  public JobState decline(LeaseKey key) {
    return released(
        key, true, retryAtMost.compareTo(DECLINED_AT_MOST) < 0 ? retryAtMost : DECLINED_AT_MOST);
  }

  private JobState released(LeaseKey key, boolean declined, Duration most) {
    return ended(
        declined ? JobMeters.Ending.DECLINED : JobMeters.Ending.RELEASED,
        null,
        ledger
            .fenced(RELEASE, key)
            .param("declined", declined)
            .param("first", retryAfter.toMillis())
            .param("most", most.toMillis()),
        key);
  }

  /**
   * A job that left its lease.
   *
   * @param workerId whose lease it was
   * @param state that the job is in now
   * @param ran how long the worker had it
   */
  public record Ended(
      String jobId, String departmentId, String workerId, JobState state, Duration ran) {}

  private JobState ended(
      JobMeters.Ending ending,
      @Nullable String failureClass,
      JdbcClient.StatementSpec statement,
      LeaseKey key) {
    Ended ended =
        statement
            .param("half_life", ledger.halfLifeSeconds())
            .query(LeaseEndings::ended)
            .optional()
            .orElseThrow(() -> new LeaseLost(key));
    ledger.meters().ended(ended, ending, failureClass);
    return ended.state();
  }

  static Ended ended(ResultSet row, int number) throws SQLException {
    return new Ended(
        row.getString("id"),
        row.getString("department_id"),
        row.getString("worker_id"),
        JobState.of(row.getString("state")),
        LeaseLedger.seconds(row, "ran"));
  }
}
