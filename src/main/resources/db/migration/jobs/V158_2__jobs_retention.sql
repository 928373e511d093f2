-- Why: checkpoints and logs of jobs that have ended are kept for as long as their department says.
-- Lock: ACCESS EXCLUSIVE on job, columns without a default; SHARE while its indexes are made. Duration: a second for a
-- million jobs.
alter table job
  add column checkpoints_deleted_at timestamptz,
  -- Of its events and of the files in result_files.
  add column logs_deleted_at        timestamptz;

-- What still has them, the oldest of a department first; a job leaves when its own are gone.
create index job_checkpoints_age on job (department_id, finished_at)
  where finished_at is not null and checkpoints_deleted_at is null;
create index job_logs_age on job (department_id, finished_at)
  where finished_at is not null and logs_deleted_at is null;
