package dev.graft.jobs;

import dev.graft.artifacts.Digest;
import dev.graft.datasets.TrainingFile;
import dev.graft.jobs.JobNeeds.JobMemory;
import dev.graft.jobs.ParentLookup.ContinuedTraining;
import dev.graft.jobs.SubmitJob.CheckedJob;
import dev.graft.platform.EveryDepartment;
import dev.graft.platform.Span;
import dev.graft.spec.Resources;
import dev.graft.tenancy.Actor;
import dev.graft.tenancy.Departments.DepartmentArchived;
import dev.graft.tenancy.Departments.DepartmentErasing;
import java.util.Optional;
import org.jspecify.annotations.Nullable;
import org.springframework.context.event.EventListener;
import org.springframework.jdbc.core.simple.JdbcClient;
import org.springframework.stereotype.Component;
import org.springframework.transaction.annotation.Propagation;
import org.springframework.transaction.annotation.Transactional;

/**
 * The department's side of the queue, as SQL: submit, approve, reject, pause, resume, cancel. Every
 * statement names the department, and changes nothing if the job is not in a state that it expects.
 * The workers' side is {@link LeaseLedger}.
 */
@Component
class JobLedger {
  private final JdbcClient sql;
  private final JobMeters meters;

  JobLedger(JdbcClient sql, JobMeters meters) {
    this.sql = sql;
    this.meters = meters;
  }

  /** If the department requires approval, the job waits for it from here on. */
  private static final String SUBMIT =
      """
      -- submit
      with u as (insert into job (id, department_id, created_at, state, base_model, base_manifest,
                                  training_file, training_digest, validation_file, validation_digest,
                                  suffix, seed, method, hyperparameters, adapter, metadata, priority,
                                  available_at, submitted_by, parent_model, start_manifest, approval,
                                  memory_bytes, memory_smaller, resources, worker_class, device_needs,
                                  traceparent)
                 values (:id, :department, graft_now(),
                         case when :approval then 'waiting' else 'queued' end, :base_model, :base_manifest,
                         :training_file, :training_digest, :validation_file, :validation_digest,
                         :suffix, :seed, :method::jsonb, :hyperparameters::jsonb, :adapter::jsonb,
                         :metadata::jsonb, :priority, graft_now(), :submitted_by, :parent_model,
                         :start_manifest, case when :approval then 'waiting' end,
                         :memory, :memory_smaller, :resources::jsonb, :worker_class, :device_needs,
                         :traceparent)
                 returning id, 'info' as level, 'Created fine-tuning job: ' || id
                           || case state when 'waiting' then '; it waits for approval' else '' end as message),
           p as (insert into job_progress (job_id, last_event) select id, 1 from u
                 returning last_event),
      """
          + Transition.EVENT_ROW
          + "select u.id from u\n";

  /**
   * Four eyes: the person who submitted a job cannot decide about it, nor can a key that this
   * person created.
   */
  private static final String UNDECIDED_BY_OTHERS =
      """
                  where id = :job and department_id = :department
                    and approval = 'waiting' and state in ('waiting', 'paused')
                    and submitted_by is distinct from :by
                    and not exists (select from api_key k
                                     where k.id = :key::text and k.created_by = job.submitted_by)
      """;

  private static final String APPROVE =
      """
      -- approve: to the end of the queue; a paused job goes there when it is resumed
      with u as (update job
                    set approval = 'approved',
                        state = case when state = 'waiting' then 'queued' else state end,
                        available_at = case when state = 'waiting' then graft_now() else available_at end
      """
          + UNDECIDED_BY_OTHERS
          + """
                     returning id, 'info' as level,
                               'Fine-tuning job approved by ' || account_name(:who)
                                 || coalesce(': ' || :comment::text, '') as message),
          """
          + Transition.EVENT;

  private static final String REJECT =
      """
      -- reject
      with u as (update job
                    set approval = 'rejected', state = 'cancelled',
                        cancel_requested_at = graft_now(), finished_at = graft_now(),
                        asked_by = :who, asked_why = :comment
      """
          + UNDECIDED_BY_OTHERS
          + """
                     returning id, 'info' as level,
                               'Fine-tuning job rejected by ' || account_name(:who)
                                 || coalesce(': ' || :comment::text, '') as message),
          """
          + Transition.EVENT;

  private static final String PAUSE =
      """
      -- pause: at once; the worker of a running job learns of it with the next heartbeat, and gives the job back
      with u as (update job
                    set state = case when state = 'running' then state else 'paused' end,
                        pause_requested_at = case when state = 'running' then graft_now() end,
                        asked_by = :by, asked_why = null
                  where id = :job and department_id = :department
                    and state in ('waiting', 'queued', 'running')
                    and pause_requested_at is null and cancel_requested_at is null
                 returning id, 'info' as level,
                           case state when 'paused' then 'Fine-tuning job paused'
                                      else 'Pause requested' end as message),
      """
          + Transition.EVENT;

  private static final String RESUME =
      """
      -- resume: to the end of the queue, or to wait for approval; takes back a pause that was requested of a running job
      with u as (update job
                    set state = case when state = 'running' then state
                                     when approval = 'waiting' then 'waiting' else 'queued' end,
                        available_at = case when state = 'paused' then graft_now() else available_at end,
                        pause_requested_at = null, asked_by = :by, asked_why = null
                  where id = :job and department_id = :department
                    and (state = 'paused' or state = 'running' and pause_requested_at is not null)
                 returning id, 'info' as level, 'Fine-tuning job resumed' as message),
      """
          + Transition.EVENT;

  private static final String CANCEL =
      """
      -- cancel: at once from the queue; the worker of a running job learns of it with the next heartbeat
      with u as (update job
                    set cancel_requested_at = graft_now(), asked_by = :by, asked_why = :why::text,
                        state = case when state = 'running' then state else 'cancelled' end,
                        finished_at = case when state <> 'running' then graft_now() end
                  where id = :job and department_id = :department
                    and finished_at is null and cancel_requested_at is null
                 returning id, state, 'info' as level,
                           case state when 'cancelled' then 'Fine-tuning job cancelled'
                                      else 'Cancellation requested' end as message),
      """
          + Transition.event("")
          + "select u.state from u\n";

  private static final String WARN =
      """
      -- warn: writes an event, changes no state
      with u as (select :job as id, 'warn' as level, :message as message),
      """
          + Transition.EVENT;

  /**
   * @param approval whether the job waits for its approval first
   * @param by the account that submits it; null = none
   */
  void submit(
      String id,
      String department,
      CheckedJob job,
      JobMemory memory,
      boolean approval,
      @Nullable String by) {
    JdbcClient.StatementSpec submit =
        given(sql.sql(SUBMIT), job)
            .param("id", id)
            .param("department", department)
            .param("submitted_by", by)
            .param("approval", approval)
            .param("memory", memory.bytes())
            .param("memory_smaller", memory.smaller())
            .param("worker_class", job.needs(memory).classColumn())
            .param("device_needs", job.needs(memory).column())
            .param("traceparent", Span.current().traceparent());
    EveryDepartment.call(() -> submit.query(String.class).single());
  }

  private static JdbcClient.StatementSpec given(JdbcClient.StatementSpec submit, CheckedJob job) {
    JobRequest request = job.request();
    ContinuedTraining parent = job.parent();
    TrainingFile validation = job.validation();
    Digest start = parent == null ? null : parent.start();
    Resources resources = job.resources();
    return submit
        .param("base_model", job.base().name())
        .param("base_manifest", (parent == null ? job.base().manifest() : parent.base()).hex())
        .param("parent_model", parent == null ? null : parent.parent().name())
        .param("start_manifest", start == null ? null : start.hex())
        .param("training_file", job.training().id())
        .param("training_digest", job.training().digest().hex())
        .param("validation_file", validation == null ? null : validation.id())
        .param("validation_digest", validation == null ? null : validation.digest().hex())
        .param("suffix", request.suffix())
        .param("seed", request.spec().seed())
        .param("method", request.method().toString())
        .param("hyperparameters", request.hyperparameters().toString())
        .param("adapter", job.adapter().toString())
        .param("metadata", request.metadata() == null ? null : request.metadata().toString())
        .param("priority", request.priority())
        .param("resources", resources.equals(Resources.ANY) ? null : resources.toJson().toString());
  }

  /** Returns true if this call approved the job; false if it does not wait for this approval. */
  boolean approve(String departmentId, String jobId, Actor by, @Nullable String comment) {
    return decided(APPROVE, departmentId, jobId, by, comment);
  }

  /** Returns true if this call ended the job; false as {@link #approve} does. */
  boolean reject(String departmentId, String jobId, Actor by, @Nullable String comment) {
    boolean rejected = decided(REJECT, departmentId, jobId, by, comment);
    if (rejected) meters.cancelled();
    return rejected;
  }

  private boolean decided(
      String statement, String departmentId, String jobId, Actor by, @Nullable String comment) {
    return moved(
        asked(statement, departmentId, jobId, by.account())
            .param("who", by.id())
            .param("key", by.keyId())
            .param("comment", comment));
  }

  /**
   * Returns true if this call requested the pause; false if the job cannot pause, or already will.
   */
  boolean pause(String departmentId, String jobId, @Nullable String by) {
    return moved(asked(PAUSE, departmentId, jobId, by));
  }

  /** Returns true if this call resumed the job; false if it was not paused. */
  boolean resume(String departmentId, String jobId, @Nullable String by) {
    return moved(asked(RESUME, departmentId, jobId, by));
  }

  /**
   * Returns true if this call requested the cancellation; false if there was nothing to cancel.
   *
   * @param by the key or person that requests it; null = the server
   * @param why the reason, as words that follow "because"; null = none was given
   */
  boolean cancel(String departmentId, String jobId, @Nullable String by, @Nullable String why) {
    Optional<String> state = state(asked(CANCEL, departmentId, jobId, by).param("why", why));
    if (state.filter(JobState.CANCELLED.wire()::equals).isPresent()) {
      meters.cancelled();
    }
    return state.isPresent();
  }

  /** Writes an event that a person should read. */
  void warn(String jobId, String message) {
    moved(sql.sql(WARN).param("job", jobId).param("message", message));
  }

  private JdbcClient.StatementSpec asked(
      String statement, String departmentId, String jobId, @Nullable String by) {
    return sql.sql(statement).param("job", jobId).param("department", departmentId).param("by", by);
  }

  private boolean moved(JdbcClient.StatementSpec statement) {
    return state(statement).isPresent();
  }

  /** Runs as the server itself: row security lets departments write no job. */
  private Optional<String> state(JdbcClient.StatementSpec statement) {
    return EveryDepartment.call(() -> statement.query(String.class).optional());
  }

  /**
   * Cancels the unfinished jobs of an archived department, and lets their leases expire before the
   * department is erased.
   */
  @Component
  static class JobsOfArchived {
    /**
     * The reaper ends the job as cancelled, with a new epoch: later writes of its worker are
     * refused.
     */
    private static final String FENCE =
        """
        update job_lease set expires_at = graft_now() from job
         where job.id = job_lease.job_id and job.department_id = :department
           and job_lease.ended_at is null and job_lease.expires_at > graft_now()
        """;

    private final JobRows jobs;
    private final JobLedger ledger;
    private final JdbcClient sql;

    JobsOfArchived(JobRows jobs, JobLedger ledger, JdbcClient sql) {
      this.jobs = jobs;
      this.ledger = ledger;
      this.sql = sql;
    }

    /** Runs in the transaction that archives, so that both commit or neither. */
    @EventListener
    @Transactional(propagation = Propagation.MANDATORY)
    void cancel(DepartmentArchived archived) {
      cancel(archived.departmentId());
    }

    @EventListener
    @Transactional(propagation = Propagation.MANDATORY)
    void fence(DepartmentErasing erasing) {
      cancel(erasing.departmentId());
      sql.sql(FENCE).param("department", erasing.departmentId()).update();
    }

    private void cancel(String department) {
      jobs.unfinished(department)
          .forEach(job -> ledger.cancel(department, job, null, "its project was archived"));
    }
  }
}
