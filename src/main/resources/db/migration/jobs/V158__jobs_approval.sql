-- Why: a job may wait for its approval. It does so in a state of its own, so that nothing that looks at the queue meets
-- it. Lock: access exclusive on job while the checks are made; they read every row once. share while the index is
-- built. Duration: a second for a million.
alter table job
  -- null = nobody was asked
  add column approval text check (approval in ('waiting', 'approved', 'rejected'));
alter table job drop constraint job_state_check;
alter table job add constraint job_state_check
  check (state in ('waiting', 'queued', 'running', 'paused', 'succeeded', 'failed', 'cancelled'));
-- What waits for its approval, or was refused it, is on no way to a worker.
alter table job add constraint job_approved
  check (case approval when 'waiting' then state in ('waiting', 'paused', 'cancelled')
                       when 'rejected' then state = 'cancelled'
                       else state <> 'waiting' end);
create index job_waiting on job (department_id) where state = 'waiting';
