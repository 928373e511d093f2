-- Why: a job that goes back to a checkpoint goes back in its progress too, and validation is told apart from training.
-- Lock: access exclusive on job_checkpoint and job_progress for columns that are null or have a constant default, no
-- rewrite. Duration: milliseconds.
alter table job_checkpoint
  -- as job_progress had them at that step; null = the worker did not say
  add column job_epoch      double precision,
  add column trained_tokens bigint;
alter table job_progress
  -- whether its worker is at the validation file now
  add column validating boolean not null default false;
