package dev.graft.jobs;

import dev.graft.catalog.BaseModels.BaseModelUse;
import dev.graft.datasets.StoredFiles.FileUse;
import dev.graft.platform.database.ResultColumns;
import dev.graft.tenancy.Owned;
import java.sql.ResultSet;
import java.sql.SQLException;
import java.time.Instant;
import java.util.List;
import java.util.Locale;
import java.util.Optional;
import org.jspecify.annotations.Nullable;
import org.springframework.jdbc.core.simple.JdbcClient;
import org.springframework.stereotype.Component;

/** Reads jobs for their departments and for the ledgers, as SQL. */
@Component
class JobRows implements Owned {
  private final JdbcClient sql;

  JobRows(JdbcClient sql) {
    this.sql = sql;
  }

  /** The median speed of the last five jobs that trained the same base in the same way. */
  private static final String SPEED =
      """
      -- speed of jobs like this
      with recent as materialized
             (select id, created_at, base_model, state, adapter, device_needs from job
               where department_id = :department order by created_at desc, id desc limit 200),
           alike as
             (select p.tokens_per_second as speed
                from recent j join job_progress p on p.job_id = j.id
               where j.state = 'succeeded' and j.base_model = :model and p.tokens_per_second > 0
                 and j.device_needs = :needs
                 and (j.adapter #> '{peft,peft_type}', j.adapter #> '{method,type}',
                      j.adapter -> 'quantization', j.adapter #> '{training,bf16}',
                      coalesce(j.adapter #>> '{training,fp16}', 'false'))
                     is not distinct from
                     (:adapter::jsonb #> '{peft,peft_type}', :adapter::jsonb #> '{method,type}',
                      :adapter::jsonb -> 'quantization', :adapter::jsonb #> '{training,bf16}',
                      coalesce(:adapter::jsonb #>> '{training,fp16}', 'false'))
               order by j.created_at desc, j.id desc limit 5)
      select percentile_cont(0.5) within group (order by speed) from alike
      """;

  private static final String UNFINISHED =
      """
      -- unfinished
      select id from job
       where department_id = :department and finished_at is null
       order by id for no key update
      """;

  /**
   * Places in a queue are counted up to this number; a job farther back gets one more. A department
   * with a hundred thousand waiting jobs costs no more than one with a thousand.
   */
  static final int COUNTED = 1_000;

  /** Returns the place of a job: one more than the department's jobs {@code q} before it. */
  private static String place(String department, String before) {
    return """
    (select count(*) + 1
       from (select 1 from job q
              where q.department_id = %s and q.state = 'queued' and %s
              order by q.queue_order, q.id limit %d) ahead)
    """
        .formatted(department, before, COUNTED);
  }

  private static final String PLACE =
      place("j.department_id", "(q.queue_order, q.id) < (j.queue_order, j.id)");

  private static final String PLACE_OF_NEW =
      "-- place of a new job\nselect "
          + place(
              ":department",
              """
              q.queue_order <= ((select graft_now()) at time zone 'UTC') - :priority * interval '1 hour'
              """);

  /**
   * The expected end of a live lease {@code l} with the progress {@code p} of its job; null = not
   * known.
   */
  static final String EXPECTED_END =
      "expected_end(l.first_step, l.first_step_at, p.step, p.progressed_at, p.total_steps)";

  /** Reads rows {@code j} of {@code job}. */
  private static final String READ =
      """
      select j.*, p.*, d.slug as department_name, w.name as worker,
             case when j.state = 'queued' then %s end as position,
             case when j.asked_by is not null then account_name(j.asked_by) end as asked_by_name,
             case when j.submitted_by is not null then account_name(j.submitted_by) end as submitted_by_name,
             (select filename from file f where f.id = j.training_file) as training_file_name,
             (select filename from file f where f.id = j.validation_file) as validation_file_name,
             case when j.state = 'running' then %s end as expected_end,
             case when j.available_at > graft_now() then j.available_at end as delayed_until,
             (select coalesce(sum(extract(epoch from
                       coalesce(ended_at, least(graft_now(), expires_at)) - claimed_at)), 0)
                from job_lease where job_id = j.id) * devices_of(j.device_needs) as device_seconds,
             (select coalesce(jsonb_agg(jsonb_build_object(
                       'number', epoch, 'worker', h.name,
                       'started_at', floor(extract(epoch from claimed_at)),
                       'ended_at', floor(extract(epoch from ended_at)),
                       'outcome', outcome) order by epoch), '[]')
                from job_lease join worker h on h.id = worker_id
               where job_id = j.id) as attempts
        from %s j
        join department d on d.id = j.department_id
        join job_progress p on p.job_id = j.id
        left join job_lease l on l.job_id = j.id and l.ended_at is null
        left join worker w on w.id = l.worker_id
      """;

  private static final String FIND =
      "-- find\n"
          + READ.formatted(PLACE, EXPECTED_END, "job")
          + " where j.id = :job and j.department_id = :department";

  /** For decisions of the server itself; the caller holds the job's lease. */
  private static final String OF_LEASE =
      "-- of lease\n" + READ.formatted(PLACE, EXPECTED_END, "job") + " where j.id = :job";

  /**
   * The page is cut before anything is joined to it. Clauses that a request does not need are left
   * out instead of switched off by a parameter, because one prepared plan must serve all values.
   */
  private static final String LIST =
      """
      -- list: newest first
      with page as materialized
             (select * from job
               where department_id = :department%s
               order by created_at desc, id desc limit :limit),
           place as (select id, row_number() over (order by queue_order, id) as number
                       from job where department_id = :department and state = 'queued'
                      order by queue_order, id limit %d)
      """;

  /** An unknown cursor gives nothing. */
  private static final String AFTER =
      """

      and (created_at, id) < (select created_at, id from job
                               where id = :after and department_id = :department)\
      """;

  private static final String WITH_METADATA = "\n           and metadata @> :metadata::jsonb";
  private static final String WITHOUT_METADATA = "\n           and coalesce(metadata, '{}') = '{}'";

  private static final String PAGE =
      READ.formatted("coalesce(place.number, %d)".formatted(COUNTED + 1), EXPECTED_END, "page")
          + """
           left join place on place.id = j.id
           order by j.created_at desc, j.id desc
          """;

  private static final String LIST_ALL =
      """
      -- list of all departments: newest first
      with page as materialized
             (select * from job
               where true%s
               order by created_at desc, id desc limit :limit)
      """
          + READ.formatted(PLACE, EXPECTED_END, "page").replace("%", "%%")
          + " order by j.created_at desc, j.id desc";

  private static final String OF_DEPARTMENTS = "\n and department_id = any(:departments)";
  private static final String IN_STATES = "\n and state = any(:states)";

  /** An unknown cursor gives nothing. */
  private static final String AFTER_ANY =
      "\n and (created_at, id) < (select created_at, id from job where id = :after)";

  /**
   * Returns the ids of the jobs that have not ended, and locks them all for a caller that changes
   * several of them: a change of state locks rows of the department's webhooks, which the
   * transaction of another job may hold while it waits.
   */
  List<String> unfinished(String departmentId) {
    return sql.sql(UNFINISHED)
        .param("department", departmentId)
        .query((row, n) -> row.getString("id"))
        .list();
  }

  @Override
  public Optional<String> departmentOf(String jobId) {
    return sql.sql("select department_id from job where id = :job")
        .param("job", jobId)
        .query(String.class)
        .optional();
  }

  Optional<JobRow> find(String departmentId, String jobId) {
    return sql.sql(FIND)
        .param("job", jobId)
        .param("department", departmentId)
        .query(JobRow::of)
        .optional();
  }

  Optional<JobRow> ofLease(String jobId) {
    return sql.sql(OF_LEASE).param("job", jobId).query(JobRow::of).optional();
  }

  /**
   * Returns the place that a new job would get, 1 = next; at most one more than {@link #COUNTED}.
   */
  long placeOfNew(String departmentId, int priority) {
    return sql.sql(PLACE_OF_NEW)
        .param("department", departmentId)
        .param("priority", priority)
        .query(Long.class)
        .single();
  }

  /**
   * Returns the trained tokens per second of similar earlier jobs of the department, on devices of
   * the same kind and number; empty if there was none.
   */
  Optional<Double> speed(String department, String model, String adapterJson, JobNeeds needs) {
    return sql.sql(SPEED)
        .param("department", department)
        .param("model", model)
        .param("adapter", adapterJson)
        .param("needs", needs.column())
        .query(Double.class)
        .optional();
  }

  /**
   * Returns jobs of all departments, newest first.
   *
   * @param departments only jobs of these; empty = all
   * @param states only jobs in one of these; empty = all
   */
  List<JobRow> listAll(
      List<String> departments, List<JobState> states, @Nullable String after, int limit) {
    String which =
        (after == null ? "" : AFTER_ANY)
            + (departments.isEmpty() ? "" : OF_DEPARTMENTS)
            + (states.isEmpty() ? "" : IN_STATES);
    return sql.sql(LIST_ALL.formatted(which))
        .param("departments", departments.toArray(String[]::new))
        .param("states", states.stream().map(JobState::column).toArray(String[]::new))
        .param("after", after)
        .param("limit", limit)
        .query(JobRow::of)
        .list();
  }

  /**
   * @param metadataJson only jobs with at least these pairs; null = all
   * @param withoutMetadata only jobs without any
   */
  List<JobRow> list(
      String departmentId,
      @Nullable String after,
      int limit,
      @Nullable String metadataJson,
      boolean withoutMetadata) {
    String which =
        (after == null ? "" : AFTER)
            + (metadataJson == null ? "" : WITH_METADATA)
            + (withoutMetadata ? WITHOUT_METADATA : "");
    return sql.sql(LIST.formatted(which, COUNTED) + PAGE)
        .param("department", departmentId)
        .param("after", after)
        .param("limit", limit)
        .param("metadata", metadataJson)
        .query(JobRow::of)
        .list();
  }

  /**
   * A job with its progress, its place in the queue and its leases.
   *
   * @param parentModel name of what training continues from, or null
   * @param position 1 = next of its department; null unless queued
   * @param delayedUntil when its next attempt may start; null = it may start now
   * @param approval null = the department required none
   * @param asked who requested the newest pause, resumption or cancellation; null = not recorded
   * @param expectedEnd of the current run; null while it is not known
   * @param worker name of the worker that holds it now
   * @param attemptsJson every lease so far, oldest first
   */
  record JobRow(
      String id,
      String departmentId,
      String departmentName,
      Instant createdAt,
      JobState state,
      String baseModel,
      String baseManifest,
      @Nullable String parentModel,
      String trainingFile,
      @Nullable String validationFile,
      @Nullable String suffix,
      long seed,
      String methodJson,
      String hyperparametersJson,
      String adapterJson,
      @Nullable String metadataJson,
      Demand demand,
      Tries tries,
      boolean cancelRequested,
      boolean pauseRequested,
      @Nullable Instant finishedAt,
      Removed removed,
      Result result,
      @Nullable Failure failure,
      Progress progress,
      @Nullable Long position,
      @Nullable Instant delayedUntil,
      @Nullable Approval approval,
      @Nullable Asked asked,
      Names names,
      @Nullable Instant expectedEnd,
      @Nullable String worker,
      double deviceSeconds,
      String attemptsJson) {

    /** The priority of the job, and its needs. */
    record Demand(int priority, JobNeeds needs) {}

    /**
     * The failures of the job so far.
     *
     * @param memory runs that ran out of memory, which are not {@code failures}
     * @param lossesInARow lost workers since the newest checkpoint
     * @param ownLossesInARow those of them that only this job can have caused
     */
    record Tries(int failures, int memory, int lossesInARow, int ownLossesInARow) {}

    /** The result; null and empty until the job has succeeded. */
    record Result(@Nullable String model, @Nullable String manifest, List<String> files) {}

    /** The last failure; final only if the job is. */
    record Failure(
        String type, @Nullable String message, @Nullable String hint, @Nullable String param) {}

    /** The state of an approval that a job needs. */
    enum Approval {
      WAITING,
      APPROVED,
      REJECTED;

      static @Nullable Approval of(@Nullable String name) {
        return name == null ? null : valueOf(name.toUpperCase(Locale.ROOT));
      }

      String wire() {
        return name().toLowerCase(Locale.ROOT);
      }
    }

    /**
     * A request to change the job.
     *
     * @param by name and id of the key, or a person; null = the server itself
     * @param why the reason or comment
     */
    record Asked(@Nullable String by, @Nullable String why) {}

    /**
     * Names of what the job refers to by id; null = there is none, or it was deleted.
     *
     * @param submitter name or email of the account
     */
    record Names(
        @Nullable String submitter,
        @Nullable String trainingFile,
        @Nullable String validationFile) {}

    /**
     * The progress that a worker last reported; if the job waits for its next run, that of its
     * newest checkpoint.
     *
     * @param validating whether its worker evaluates the validation file now
     */
    record Progress(
        int step,
        @Nullable Integer totalSteps,
        @Nullable Double epoch,
        @Nullable Double tokensPerSecond,
        boolean validating,
        long trainedTokens) {}

    /** When retention deleted parts of the job; null = it has not. */
    record Removed(@Nullable Instant checkpointsAt, @Nullable Instant logsAt) {}

    /**
     * Returns {@code ft:<base>:<department>:<suffix>:<id>}; the suffix is empty if there is none.
     */
    String resultName() {
      return "ft:%s:%s:%s:%s"
          .formatted(
              baseModel,
              departmentName,
              suffix == null ? "" : suffix,
              id.substring("ftjob-".length()));
    }

    static JobRow of(ResultSet row, int number) throws SQLException {
      return new JobRow(
          row.getString("id"),
          row.getString("department_id"),
          row.getString("department_name"),
          ResultColumns.time(row, "created_at"),
          JobState.of(row.getString("state")),
          row.getString("base_model"),
          row.getString("base_manifest"),
          row.getString("parent_model"),
          row.getString("training_file"),
          row.getString("validation_file"),
          row.getString("suffix"),
          row.getLong("seed"),
          row.getString("method"),
          row.getString("hyperparameters"),
          row.getString("adapter"),
          row.getString("metadata"),
          new Demand(row.getInt("priority"), JobNeeds.of(row)),
          tries(row),
          row.getObject("cancel_requested_at") != null,
          row.getObject("pause_requested_at") != null,
          ResultColumns.timeOrNull(row, "finished_at"),
          removed(row),
          result(row),
          failure(row),
          progress(row),
          row.getObject("position", Long.class),
          ResultColumns.timeOrNull(row, "delayed_until"),
          Approval.of(row.getString("approval")),
          asked(row),
          names(row),
          ResultColumns.timeOrNull(row, "expected_end"),
          row.getString("worker"),
          row.getDouble("device_seconds"),
          row.getString("attempts"));
    }

    private static Tries tries(ResultSet row) throws SQLException {
      return new Tries(
          row.getInt("failures"),
          row.getInt("memory_failures"),
          row.getInt("losses_in_a_row"),
          row.getInt("own_losses_in_a_row"));
    }

    private static Result result(ResultSet row) throws SQLException {
      return new Result(
          row.getString("fine_tuned_model"),
          row.getString("result_manifest"),
          ResultColumns.texts(row, "result_files"));
    }

    private static Names names(ResultSet row) throws SQLException {
      return new Names(
          row.getString("submitted_by_name"),
          row.getString("training_file_name"),
          row.getString("validation_file_name"));
    }

    private static Removed removed(ResultSet row) throws SQLException {
      return new Removed(
          ResultColumns.timeOrNull(row, "checkpoints_deleted_at"),
          ResultColumns.timeOrNull(row, "logs_deleted_at"));
    }

    private static Progress progress(ResultSet row) throws SQLException {
      return new Progress(
          row.getInt("step"),
          row.getObject("total_steps", Integer.class),
          row.getObject("job_epoch", Double.class),
          row.getObject("tokens_per_second", Double.class),
          row.getBoolean("validating"),
          row.getLong("trained_tokens"));
    }

    private static @Nullable Failure failure(ResultSet row) throws SQLException {
      String type = row.getString("failure_class");
      return type == null
          ? null
          : new Failure(
              type,
              row.getString("failure_message"),
              row.getString("failure_hint"),
              row.getString("failure_param"));
    }

    private static @Nullable Asked asked(ResultSet row) throws SQLException {
      String by = row.getString("asked_by_name");
      String why = row.getString("asked_why");
      return by == null && why == null ? null : new Asked(by, why);
    }
  }

  /** Jobs that have not ended: their files and base models cannot be deleted. */
  @Component
  static class UnfinishedJobs implements FileUse, BaseModelUse {
    private final JdbcClient sql;

    UnfinishedJobs(JdbcClient sql) {
      this.sql = sql;
    }

    @Override
    public Optional<String> userOf(String departmentId, String fileId) {
      return sql.sql(
              """
              -- file in use
              select id from job
               where department_id = :department and finished_at is null
                 and :file in (training_file, validation_file)
               limit 1
              """)
          .param("department", departmentId)
          .param("file", fileId)
          .query(String.class)
          .optional();
    }

    @Override
    public String name() {
      return "unfinished_jobs";
    }

    @Override
    public long count(String baseModel) {
      return sql.sql("select count(*) from job where base_model = :base and finished_at is null")
          .param("base", baseModel)
          .query(Long.class)
          .single();
    }
  }
}
