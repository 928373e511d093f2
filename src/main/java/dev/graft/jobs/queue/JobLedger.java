package dev.graft.jobs.queue;

import dev.graft.tenancy.Owned;
import java.util.List;
import java.util.Optional;
import org.jspecify.annotations.Nullable;
import org.springframework.jdbc.core.simple.JdbcClient;
import org.springframework.stereotype.Component;

/**
 * The department's side of the queue, as SQL: submit, cancel, read. Every statement names the
 * department. The workers' side is {@link LeaseLedger}, which has the claim, and {@link
 * LeaseEndings}.
 */
@Component
public class JobLedger implements Owned {
  private final JdbcClient sql;

  JobLedger(JdbcClient sql) {
    this.sql = sql;
  }

  private static final String SUBMIT =
      """
      -- submit
      with j as (insert into job (id, department_id, created_at, state, base_model, base_manifest,
                                  training_file, training_digest, validation_file, validation_digest,
                                  suffix, seed, method, hyperparameters, adapter, metadata, priority,
                                  available_at, submitted_by, parent_model, start_manifest, approval,
                                  memory_bytes, memory_smaller)
                 values (:id, :department, graft_now(),
                         case when :approval then 'waiting' else 'queued' end, :base_model, :base_manifest,
                         :training_file, :training_digest, :validation_file, :validation_digest,
                         :suffix, :seed, :method::jsonb, :hyperparameters::jsonb, :adapter::jsonb,
                         :metadata::jsonb, :priority, graft_now(), :submitted_by, :parent_model,
                         :start_manifest, case when :approval then 'waiting' end,
                         :memory, :memory_smaller)
                 returning id, state),
           p as (insert into job_progress (job_id, last_event) select id, 1 from j)
      insert into job_event (job_id, number, created_at, level, type, message)
      select id, 1, graft_now(), 'info', 'message', 'Created fine-tuning job: ' || id
             || case state when 'waiting' then '; it waits for its approval' else '' end
        from j
      """;

  private static final String WARN =
      """
      -- warn
      with p as (update job_progress set last_event = last_event + 1 where job_id = :job
                 returning job_id, last_event)
      insert into job_event (job_id, number, created_at, level, type, message)
      select job_id, last_event, graft_now(), 'warn', 'message', :message from p
      """;

  private static final String CANCEL =
      """
      -- cancel: at once from the queue; a running job is told by its worker's next heartbeat
      with u as (update job
                    set cancel_requested_at = graft_now(), asked_by = :by, asked_why = :why::text,
                        state = case when state = 'running' then state else 'cancelled' end,
                        finished_at = case when state <> 'running' then graft_now() end
                  where id = :job and department_id = :department
                    and state in ('waiting', 'queued', 'running', 'paused') and cancel_requested_at is null
                 returning id, state),
           p as (update job_progress set last_event = last_event + 1 from u where job_id = u.id
                 returning job_id, last_event)
      insert into job_event (job_id, number, created_at, level, type, message)
      select u.id, p.last_event, graft_now(), 'info', 'message',
             case u.state when 'cancelled' then 'Fine-tuning job cancelled'
                          else 'Cancellation requested' end
        from u join p on p.job_id = u.id
      """;

  private static final String UNFINISHED =
      """
      -- unfinished
      select id from job
       where department_id = :department and state in ('waiting', 'queued', 'running', 'paused')
       order by id
      """;

  /**
   * Places in a queue are counted so far; who stands farther back is told one more. A department
   * with a hundred thousand waiting jobs costs no more than one with a thousand.
   */
  public static final int COUNTED = 1_000;

  /** One job's place: how many of its department stand before it. */
  private static final String PLACE =
      """
      (select count(*) + 1
         from (select 1 from job q
                where q.department_id = j.department_id and q.state = 'queued'
                  and (q.queue_order, q.id) < (j.queue_order, j.id)
                order by q.queue_order, q.id limit %d) ahead)
      """
          .formatted(COUNTED);

  /** From {@code j}, rows of {@code job}. */
  private static final String READ =
      """
      select j.*, p.*, d.slug as department_name, w.name as worker,
             case when j.state = 'queued' then %s end as position,
             case when j.asked_by is not null then account_name(j.asked_by) end as asked_by_name,
             case when j.state = 'running' then
               expected_end(l.first_step, l.first_step_at, p.step, p.progressed_at, p.total_steps)
               end as expected_end,
             case when j.available_at > graft_now() then j.available_at end as delayed_until,
             (select coalesce(sum(extract(epoch from
                       coalesce(ended_at, least(graft_now(), expires_at)) - claimed_at)), 0)
                from job_lease where job_id = j.id) as device_seconds,
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
          + READ.formatted(PLACE, "job")
          + " where j.id = :job and j.department_id = :department";

  /** For the ledger's own decisions; the caller holds the job's lease. */
  private static final String OF_LEASE =
      "-- of lease\n" + READ.formatted(PLACE, "job") + " where j.id = :job";

  /**
   * The page is cut before anything is joined to it. Clauses that a request does not ask for are
   * not there, rather than switched off by a parameter: a prepared plan must serve every value.
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
      READ.formatted("coalesce(place.number, %d)".formatted(COUNTED + 1), "page")
          + """
           left join place on place.id = j.id
           order by j.created_at desc, j.id desc
          """;

  /**
   * @param by the account that submits it; null = nobody in particular
   */
  public void submit(NewJob job, @Nullable String by) {
    sql.sql(SUBMIT)
        .param("id", job.id())
        .param("department", job.departmentId())
        .param("base_model", job.baseModel())
        .param("base_manifest", job.baseManifest().hex())
        .param("training_file", job.trainingFile())
        .param("training_digest", job.trainingDigest().hex())
        .param("validation_file", job.validationFile())
        .param(
            "validation_digest",
            job.validationDigest() == null ? null : job.validationDigest().hex())
        .param("suffix", job.suffix())
        .param("seed", job.seed())
        .param("method", job.methodJson())
        .param("hyperparameters", job.hyperparametersJson())
        .param("adapter", job.adapterJson())
        .param("metadata", job.metadataJson())
        .param("priority", job.priority())
        .param("submitted_by", by)
        .param("approval", job.approval())
        .param("parent_model", job.parentModel())
        .param("start_manifest", job.startManifest() == null ? null : job.startManifest().hex())
        .param("memory", job.memory().bytes())
        .param("memory_smaller", job.memory().smaller())
        .update();
  }

  /** An event that a person should read. */
  public void warn(String jobId, String message) {
    sql.sql(WARN).param("job", jobId).param("message", message).update();
  }

  /**
   * True if this call asked for the cancellation; false if there was nothing to cancel.
   *
   * @param by the account that asks; null = nobody in particular
   * @param why in a few words, after "because"; null = they did not say
   */
  public boolean cancel(
      String departmentId, String jobId, @Nullable String by, @Nullable String why) {
    return sql.sql(CANCEL)
            .param("job", jobId)
            .param("department", departmentId)
            .param("by", by)
            .param("why", why)
            .update()
        == 1;
  }

  /** Ids of the jobs that have not ended. */
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

  public Optional<JobRow> find(String departmentId, String jobId) {
    return sql.sql(FIND)
        .param("job", jobId)
        .param("department", departmentId)
        .query(JobRow::of)
        .optional();
  }

  public Optional<JobRow> ofLease(String jobId) {
    return sql.sql(OF_LEASE).param("job", jobId).query(JobRow::of).optional();
  }

  /**
   * @param metadataJson only jobs with at least these pairs; null = all
   * @param withoutMetadata only jobs without any
   */
  public List<JobRow> list(
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
}
