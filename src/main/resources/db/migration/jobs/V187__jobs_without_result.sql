-- Why: whether any job succeeded without a result is asked at every health check, and must not read every job there ever was.
-- Lock: share on job while the index is made, of no rows. Duration: a second for a million jobs.
create index job_without_result on job (id)
  where state = 'succeeded' and (result_manifest is null or fine_tuned_model is null);
