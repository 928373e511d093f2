-- Why: a job is handed to a worker whose device can hold it. Each job has what it needs of memory, rounded up so that a
-- queue holds few different numbers; job_fits finds whether a department has a job for a device in one step, and the first
-- of each number in the order of the queue. Workers say what their devices have when they ask for work.
-- Lock: access exclusive on job for columns with a constant default, no rewrite; share while the index is made.
-- Duration: a second for a million jobs, most of which do not wait.
alter table job
  -- bytes; 0 = not known, then it fits every device
  add column memory_bytes   bigint not null default 0 check (memory_bytes >= 0),
  -- the same after a run that ran out of memory: its micro-batch is half as large
  add column memory_smaller bigint not null default 0 check (memory_smaller >= 0);
create index job_fits on job (department_id, memory_bytes, queue_order, id) where state = 'queued';

create table worker_device (
  worker_id    text not null references worker (id) on delete cascade,
  name         text not null,
  -- that a run may take; null = the worker did not say, then every job fits
  memory_bytes bigint check (memory_bytes > 0),
  asked_at     timestamptz not null,
  primary key (worker_id, name)
);
