-- Administrators keep workers from new jobs, and take the jobs from them that they have.
alter table worker
  -- since when it gets no job; null = it does
  add column cordoned_at timestamptz,
  -- its jobs are to be given back after their next checkpoint
  add column draining    boolean not null default false,
  add constraint worker_draining check (not draining or cordoned_at is not null);
