-- Why: which jobs continued from which: a model's name holds the id of its job.
-- Lock: SHARE on job while the index is made. Duration: milliseconds a thousand jobs.
create function job_of_model(model text) returns text language sql immutable strict parallel safe as $$
  select 'ftjob-' || substring(model from ':([0-9a-z]+)(?::ckpt-step-[0-9]+)?$')
$$;
create index job_parent on job (job_of_model(parent_model)) where parent_model is not null;
