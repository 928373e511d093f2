-- Why: a job can be paused: from the queue at once, from a worker after its next checkpoint.
-- Lock: access exclusive on job while the check is replaced; it reads every row once. Duration: a second for a million.
alter table job add column pause_requested_at timestamptz;
alter table job drop constraint job_state_check;
alter table job add constraint job_state_check
  check (state in ('queued', 'running', 'paused', 'succeeded', 'failed', 'cancelled'));
