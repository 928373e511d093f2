-- Why: a job that workers give back again and again waits longer each time, and is not offered again to the worker that has
-- no room for it; a claim that is repeated because its answer was lost finds what it has claimed.
-- Lock: access exclusive on job and job_lease for columns that are null or have a constant default, no rewrite; share on
-- job_lease while the indexes are made, of rows that are not there yet. Duration: a second for a million leases.
alter table job
  -- without a checkpoint between them
  add column releases_in_a_row int not null default 0;
alter table job_lease
  -- the worker gave the job back since it cannot hold it, and is not to have it again before this
  add column declined_until timestamptz,
  -- chosen by the worker, the same in each repetition of its claim
  add column claim_request  uuid;
-- Neither has a column that a renewal writes.
create index job_lease_declined on job_lease (worker_id, declined_until) where declined_until is not null;
create unique index job_lease_request on job_lease (worker_id, claim_request)
  where claim_request is not null and ended_at is null;
