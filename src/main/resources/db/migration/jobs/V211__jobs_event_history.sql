-- Why: events are most of what a job leaves behind. Those of jobs that ended long ago lie in a table of their own, so that the one
-- that workers write into, its index and what vacuum has to look at stay small.
-- Lock: ACCESS EXCLUSIVE on job, a column without a default; SHARE while its index is made. Duration: a second for a million jobs;
-- servers move events later, some jobs at a time.
create table job_event_history (
  job_id     text not null references job (id) on delete cascade,
  number     int not null,
  created_at timestamptz not null,
  level      text not null,
  type       text not null,
  message    text not null,
  data       jsonb,
  primary key (job_id, number)
) with (fillfactor = 100);

alter table job add column events_moved_at timestamptz;
create index job_events_to_move on job (finished_at) where finished_at is not null and events_moved_at is null;
