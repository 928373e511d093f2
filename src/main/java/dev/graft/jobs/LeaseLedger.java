package dev.graft.jobs;

import dev.graft.artifacts.Digest;
import dev.graft.jobs.lease.Lease.LeaseKey;
import dev.graft.jobs.lease.LeaseProtocol.CheckpointReport;
import dev.graft.jobs.lease.LeaseProtocol.LeaseLost;
import dev.graft.jobs.lease.LeaseProtocol.LeaseReport;
import dev.graft.jobs.lease.LeaseProtocol.TrainingFailure;
import java.sql.ResultSet;
import java.sql.SQLException;
import java.time.Duration;
import java.util.List;
import java.util.Locale;
import java.util.UUID;
import java.util.function.Function;
import java.util.stream.Stream;
import org.jspecify.annotations.Nullable;
import org.springframework.jdbc.core.simple.JdbcClient;
import org.springframework.stereotype.Component;
import tools.jackson.databind.json.JsonMapper;
import tools.jackson.databind.node.ObjectNode;

/**
 * The statements of a lease, from its claim ({@link Claims}) on: renew, checkpoint, and the ends of
 * a lease: complete, fail, release. A cancellation that was requested before wins over every other
 * end. {@link Reaper.LostLeases} takes leases away from workers that stopped renewing.
 *
 * <p>The live row of {@code job_lease} is the fence. Every write begins with exactly that row,
 * found by (job, epoch, token); a caller that no longer holds it changes nothing. A statement that
 * ends a lease also changes the job's state and the department's counter and writes the event: one
 * statement, so that no crash can separate them. Locks are always taken in the order lease, job,
 * progress, department. The claim starts at the department but skips locked rows, so that it cannot
 * be part of a deadlock.
 */
@Component
class LeaseLedger {
  private final JdbcClient sql;
  private final JobProperties settings;
  private final JobMeters meters;

  LeaseLedger(JdbcClient sql, JobProperties settings, JobMeters meters) {
    this.sql = sql;
    this.settings = settings;
    this.meters = meters;
  }

  private static final String RENEW =
      """
      -- renew: extends the lease, updates the progress, and writes the events of a new report. A run
      -- that begins deletes the metrics that earlier runs reported of later steps; one that begins at
      -- the start also those of step 0, where it evaluates again. The first step with a speed is the
      -- first step of the lease
      with f as (select job_id, epoch, worker_id, report < :number as fresh from job_lease
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
      select j.cancel_requested_at is not null as cancel, j.pause_requested_at is not null as pause,
             w.draining,
             greatest(coalesce(:step::int, b.step) - b.step, 0) as steps,
             greatest(:tokens - b.trained_tokens, 0) as tokens
        from f cross join p join job j on j.id = f.job_id join worker w on w.id = f.worker_id
             join job_progress b on b.job_id = f.job_id
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
          + Transition.event("")
          + "select job_id from f\n";

  /** The longest wait after a job was declined: a worker may have room again by then. */
  private static final Duration DECLINED_AT_MOST = Duration.ofMinutes(5);

  private static final String COMPLETE =
      """
      -- complete: a cancellation that was requested before this statement wins
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
          + Transition.LEASE_ENDED;

  private static final String COMPLETED =
      """
      -- completed
      select 1 from job_lease
       where job_id = :job and epoch = :epoch and token = :token and outcome = 'completed'
         and manifest = :manifest
      """;

  private static final String FAIL =
      """
      -- fail: back to the queue if :retry, unless a cancellation was requested
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
                                      else :event end as message),
      """
          + Transition.LEASE_ENDED;

  private static final String RELEASE =
      """
      -- release: back to the queue, or paused or cancelled if that was requested. A job that is given
      -- back for the first time keeps its place; given back again without a checkpoint it waits. A
      -- declined job keeps its place for other workers
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
          + Transition.LEASE_ENDED;

  /** Returns an interval in seconds; zero where the clock was set back meanwhile. */
  static Duration seconds(ResultSet row, String column) throws SQLException {
    return Duration.ofMillis(Math.max(0, Math.round(row.getDouble(column) * 1000)));
  }

  /**
   * What users have requested meanwhile.
   *
   * @param cancel the department cancels the job
   * @param pause the department pauses it
   * @param drain an administrator drains the worker
   */
  record Renewed(boolean cancel, boolean pause, boolean drain) {
    static Renewed of(ResultSet row, int number) throws SQLException {
      return new Renewed(
          row.getBoolean("cancel"), row.getBoolean("pause"), row.getBoolean("draining"));
    }
  }

  Renewed renew(LeaseKey key, Duration ttl, LeaseReport report) {
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
        .query(
            (row, n) -> {
              meters.trained(row.getLong("steps"), row.getLong("tokens"));
              return Renewed.of(row, n);
            })
        .optional()
        .orElseThrow(() -> new LeaseLost(key));
  }

  private static @Nullable String[] column(
      List<ReportedEvent> events, Function<ReportedEvent, @Nullable String> value) {
    return events.stream().map(value).toArray(String[]::new);
  }

  void checkpoint(LeaseKey key, String id, CheckpointReport report, String metricsJson) {
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

  JobState complete(LeaseKey key, String model, Digest manifest, List<String> resultFiles) {
    return ended(
        JobMeters.Ending.COMPLETED,
        null,
        fenced(COMPLETE, key)
            .param("model", model)
            .param("manifest", manifest.hex())
            .param("files", resultFiles.toArray(String[]::new)),
        key);
  }

  /** Returns whether this lease completed with this result, so that a repeated call succeeds. */
  boolean completed(LeaseKey key, Digest manifest) {
    return fenced(COMPLETED, key)
        .param("manifest", manifest.hex())
        .query(Integer.class)
        .optional()
        .isPresent();
  }

  /**
   * @param retry delay until the next attempt; null = there is none
   * @param event message of the event; if the job is tried again, the statement appends from where
   */
  JobState fail(LeaseKey key, TrainingFailure failure, @Nullable Duration retry, String event) {
    return ended(
        JobMeters.Ending.FAILED,
        failure.kind().wireName(),
        fenced(FAIL, key)
            .param("retry", retry != null)
            .param("delay", retry == null ? 0 : retry.toMillis())
            .param("memory", failure.kind().cost() == TrainingFailure.Cost.MEMORY)
            .param("lost", failure.kind().cost() == TrainingFailure.Cost.LOSS)
            .param("class", failure.kind().wireName())
            .param("message", failure.message())
            .param("hint", failure.hint())
            .param("param", failure.param())
            .param("event", event),
        key);
  }

  JobState release(LeaseKey key) {
    return released(key, false, settings.retryAtMost());
  }

  /**
   * Gives the job back for lack of room: other workers may have it now, this one not for a while.
   */
  JobState decline(LeaseKey key) {
    return released(
        key,
        true,
        settings.retryAtMost().compareTo(DECLINED_AT_MOST) < 0
            ? settings.retryAtMost()
            : DECLINED_AT_MOST);
  }

  private JobState released(LeaseKey key, boolean declined, Duration most) {
    return ended(
        declined ? JobMeters.Ending.DECLINED : JobMeters.Ending.RELEASED,
        null,
        fenced(RELEASE, key)
            .param("declined", declined)
            .param("first", settings.retryAfter().toMillis())
            .param("most", most.toMillis()),
        key);
  }

  /**
   * The end of a lease.
   *
   * @param state the job's new state
   * @param ran how long the worker held the job
   */
  record Ended(String jobId, String departmentId, String workerId, JobState state, Duration ran) {}

  private JobState ended(
      JobMeters.Ending ending,
      @Nullable String failureClass,
      JdbcClient.StatementSpec statement,
      LeaseKey key) {
    Ended ended =
        statement
            .param("half_life", settings.fairShare().halfLifeSeconds())
            .query(LeaseLedger::ended)
            .optional()
            .orElseThrow(() -> new LeaseLost(key));
    meters.ended(ended, ending, failureClass);
    return ended.state();
  }

  static Ended ended(ResultSet row, int number) throws SQLException {
    return new Ended(
        row.getString("id"),
        row.getString("department_id"),
        row.getString("worker_id"),
        JobState.of(row.getString("state")),
        seconds(row, "ran"));
  }

  /** Returns the live leases of a worker. */
  List<LeaseKey> held(String workerId) {
    return sql.sql(
            "select job_id, epoch, token from job_lease where worker_id = :worker and ended_at is"
                + " null")
        .param("worker", workerId)
        .query(
            (row, n) ->
                new LeaseKey(
                    row.getString("job_id"),
                    row.getLong("epoch"),
                    row.getObject("token", UUID.class)))
        .list();
  }

  private JdbcClient.StatementSpec fenced(String statement, LeaseKey key) {
    return sql.sql(statement)
        .param("job", key.jobId())
        .param("epoch", key.epoch())
        .param("token", key.token());
  }

  /**
   * An event from a worker's report.
   *
   * @param dataJson the numbers of a metrics event
   */
  record ReportedEvent(String level, String type, String message, @Nullable String dataJson) {
    private static final JsonMapper JSON = JsonMapper.shared();

    /** Returns the events of a report: its notes, then its metrics. */
    static List<ReportedEvent> of(LeaseReport report) {
      return Stream.concat(
              report.notes().stream().map(ReportedEvent::of),
              report.metrics().stream().map(metrics -> of(metrics, report)))
          .toList();
    }

    private static ReportedEvent of(LeaseReport.Note note) {
      String level = note.level().name().toLowerCase(Locale.ROOT);
      return new ReportedEvent(level, "message", note.message(), null);
    }

    private static ReportedEvent of(LeaseReport.Metrics metrics, LeaseReport report) {
      ObjectNode data = JSON.createObjectNode().put("step", metrics.step());
      metrics.values().forEach(data::put);
      StringBuilder text = new StringBuilder("Step ").append(metrics.step());
      if (report.progress() != null) text.append('/').append(report.progress().totalSteps());
      append(text, ": training loss=", metrics.values().get("train_loss"));
      append(text, ": validation loss=", metrics.values().get("valid_loss"));
      return new ReportedEvent("info", "metrics", text.toString(), data.toString());
    }

    private static void append(StringBuilder text, String label, @Nullable Double value) {
      if (value != null) text.append(label).append(String.format(Locale.ROOT, "%.4f", value));
    }
  }
}
