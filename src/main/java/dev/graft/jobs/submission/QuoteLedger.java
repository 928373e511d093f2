package dev.graft.jobs.submission;

import dev.graft.jobs.queue.JobLedger;
import java.util.Optional;
import org.springframework.jdbc.core.simple.JdbcClient;
import org.springframework.stereotype.Component;

/** What a department's jobs say of one that is not submitted yet, as SQL. */
@Component
class QuoteLedger {
  private static final String PLACE =
      """
      -- place of a new job
      select count(*) + 1
        from (select 1 from job
               where department_id = :department and state = 'queued'
                 and queue_order <= ((select graft_now()) at time zone 'UTC') - :priority * interval '1 hour'
               order by queue_order, id limit %d) ahead
      """
          .formatted(JobLedger.COUNTED);

  /** Of the last five that trained the same base in the same way, the one in the middle. */
  private static final String SPEED =
      """
      -- speed of jobs like this
      with recent as materialized
             (select id, created_at, base_model, state, adapter from job
               where department_id = :department order by created_at desc, id desc limit 200),
           alike as
             (select p.tokens_per_second as speed
                from recent j join job_progress p on p.job_id = j.id
               where j.state = 'succeeded' and j.base_model = :model and p.tokens_per_second > 0
                 and (j.adapter #> '{peft,peft_type}', j.adapter #> '{method,type}',
                      j.adapter -> 'quantization', j.adapter #> '{training,bf16}')
                     is not distinct from
                     (:adapter::jsonb #> '{peft,peft_type}', :adapter::jsonb #> '{method,type}',
                      :adapter::jsonb -> 'quantization', :adapter::jsonb #> '{training,bf16}')
               order by j.created_at desc, j.id desc limit 5)
      select percentile_cont(0.5) within group (order by speed) from alike
      """;

  private final JdbcClient sql;

  QuoteLedger(JdbcClient sql) {
    this.sql = sql;
  }

  /**
   * Where a job would stand among those of its department, 1 = next; at most one more than {@link
   * JobLedger#COUNTED}.
   */
  long place(String department, int priority) {
    return sql.sql(PLACE)
        .param("department", department)
        .param("priority", priority)
        .query(Long.class)
        .single();
  }

  /** Tokens a second of earlier jobs of the department; empty where there was none like it. */
  Optional<Double> speed(String department, String model, String adapterJson) {
    return sql.sql(SPEED)
        .param("department", department)
        .param("model", model)
        .param("adapter", adapterJson)
        .query(Double.class)
        .optional();
  }
}
