package dev.graft.jobs;

import dev.graft.artifacts.Digest;
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
 * statement names the department, and changes nothing if the job is in another state than it asks
 * for. The workers' side is {@link LeaseLedger}, which has the claim, and {@link LeaseEndings}.
 */
@Component
class JobLedger {
  private final JdbcClient sql;
  private final JobMeters meters;

  JobLedger(JdbcClient sql, JobMeters meters) {
    this.sql = sql;
    this.meters = meters;
  }

  /** A job of a department that asks for approval waits for it from here on. */
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
                           || case state when 'waiting' then '; it waits for its approval' else '' end as message),
           p as (insert into job_progress (job_id, last_event) select id, 1 from u
                 returning last_event),
      """
          + Transition.WRITTEN
          + "select u.id from u\n";

  /**
   * Four eyes: whoever submitted a job decides nothing about it, nor does a key that they have
   * made.
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
          + Transition.TOLD;

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
          + Transition.TOLD;

  private static final String PAUSE =
      """
      -- pause: at once; a running job is told by its worker's next heartbeat, and paused when that gives it back
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
          + Transition.TOLD;

  private static final String RESUME =
      """
      -- resume: to the end of the queue, or to wait for its approval; a running job forgets that it should pause
      with u as (update job
                    set state = case when state = 'running' then state
                                     when approval = 'waiting' then 'waiting' else 'queued' end,
                        available_at = case when state = 'paused' then graft_now() else available_at end,
                        pause_requested_at = null, asked_by = :by, asked_why = null
                  where id = :job and department_id = :department
                    and (state = 'paused' or state = 'running' and pause_requested_at is not null)
                 returning id, 'info' as level, 'Fine-tuning job resumed' as message),
      """
          + Transition.TOLD;

  private static final String CANCEL =
      """
      -- cancel: at once from the queue; a running job is told by its worker's next heartbeat
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
          + Transition.told("")
          + "select u.state from u\n";

  private static final String WARN =
      """
      -- warn: no state moves
      with u as (select :job as id, 'warn' as level, :message as message),
      """
          + Transition.TOLD;

  /**
   * @param by the account that submits it; null = nobody in particular
   */
  public void submit(NewJob job, @Nullable String by) {
    JdbcClient.StatementSpec submit =
        sql.sql(SUBMIT)
            .param("id", job.id())
            .param("department", job.departmentId())
            .param("base_model", job.base().model())
            .param("base_manifest", job.base().manifest().hex())
            .param("training_file", job.data().training())
            .param("training_digest", job.data().trainingDigest().hex())
            .param("validation_file", job.data().validation())
            .param("validation_digest", hex(job.data().validationDigest()))
            .param("suffix", job.suffix())
            .param("seed", job.settings().seed())
            .param("method", job.settings().methodJson())
            .param("hyperparameters", job.settings().hyperparametersJson())
            .param("adapter", job.settings().adapterJson())
            .param("metadata", job.metadataJson())
            .param("priority", job.turn().priority())
            .param("submitted_by", by)
            .param("approval", job.turn().approval())
            .param("parent_model", job.base().parent())
            .param("start_manifest", hex(job.base().start()))
            .param("memory", job.turn().memory().bytes())
            .param("memory_smaller", job.turn().memory().smaller())
            .param("resources", written(job.turn().resources()))
            .param("worker_class", job.turn().needs().classColumn())
            .param("device_needs", job.turn().needs().column())
            .param("traceparent", Span.current().traceparent());
    EveryDepartment.call(() -> submit.query(String.class).single());
  }

  private static @Nullable String written(Resources resources) {
    return resources.equals(Resources.ANY) ? null : resources.toJson().toString();
  }

  private static @Nullable String hex(@Nullable Digest digest) {
    return digest == null ? null : digest.hex();
  }

  /** True if this call approved the job; false if it waits for no approval, or not for theirs. */
  public boolean approve(String departmentId, String jobId, Actor by, @Nullable String comment) {
    return decided(APPROVE, departmentId, jobId, by, comment);
  }

  /** True if this call ended the job; false as {@link #approve}. */
  public boolean reject(String departmentId, String jobId, Actor by, @Nullable String comment) {
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

  /** True if this call asked for the pause; false if the job cannot pause, or is already asked. */
  public boolean pause(String departmentId, String jobId, @Nullable String by) {
    return moved(asked(PAUSE, departmentId, jobId, by));
  }

  /** True if this call resumed the job; false if it was not paused. */
  public boolean resume(String departmentId, String jobId, @Nullable String by) {
    return moved(asked(RESUME, departmentId, jobId, by));
  }

  /**
   * True if this call asked for the cancellation; false if there was nothing to cancel.
   *
   * @param by the key that asks, or the person; null = nobody in particular
   * @param why in a few words, after "because"; null = they did not say
   */
  public boolean cancel(
      String departmentId, String jobId, @Nullable String by, @Nullable String why) {
    Optional<String> state = state(asked(CANCEL, departmentId, jobId, by).param("why", why));
    if (state.filter(JobState.CANCELLED.wire()::equals).isPresent()) {
      meters.cancelled();
    }
    return state.isPresent();
  }

  /** An event that a person should read. */
  public void warn(String jobId, String message) {
    moved(sql.sql(WARN).param("job", jobId).param("message", message));
  }

  private JdbcClient.StatementSpec asked(
      String statement, String departmentId, String jobId, @Nullable String by) {
    return sql.sql(statement).param("job", jobId).param("department", departmentId).param("by", by);
  }

  private boolean moved(JdbcClient.StatementSpec statement) {
    return state(statement).isPresent();
  }

  /** As the server itself: departments write no job. */
  private Optional<String> state(JdbcClient.StatementSpec statement) {
    return EveryDepartment.call(() -> statement.query(String.class).optional());
  }

  /** A job as it enters the queue: checked and resolved. */
  record NewJob(
      String id,
      String departmentId,
      Base base,
      Data data,
      Settings settings,
      @Nullable String suffix,
      @Nullable String metadataJson,
      Turn turn) {
    /**
     * What training begins with.
     *
     * @param parent name of the model that it continues from, or null
     * @param start manifest of the directory that it begins with; null where the base has
     *     everything
     */
    public record Base(
        String model, Digest manifest, @Nullable String parent, @Nullable Digest start) {}

    /** Files, by id and content. */
    public record Data(
        String training,
        Digest trainingDigest,
        @Nullable String validation,
        @Nullable Digest validationDigest) {}

    /**
     * @param methodJson OpenAI's {@code method}, as it will be echoed
     * @param hyperparametersJson OpenAI's {@code hyperparameters}, as they will be echoed
     * @param adapterJson the resolved {@code adapter} object
     */
    public record Settings(
        long seed, String methodJson, String hyperparametersJson, String adapterJson) {}

    /**
     * What decides when and where it starts.
     *
     * @param approval whether it waits for its approval first
     */
    public record Turn(
        int priority, JobNeeds.JobMemory memory, Resources resources, boolean approval) {
      /** Before any run of it. */
      JobNeeds needs() {
        return new JobNeeds(resources, memory.bytes());
      }
    }
  }

  /**
   * Cancels what an archived department has in the queue and on workers, and takes the workers
   * their leases before it is erased.
   */
  @Component
  static class JobsOfArchived {
    /**
     * The reaper ends it as cancelled, by a new epoch: a worker that comes later writes nothing.
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

    /** In the transaction that archives: both commit, or neither. */
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
