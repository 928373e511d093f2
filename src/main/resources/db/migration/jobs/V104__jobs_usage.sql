-- Why: usage by account and by time: who submitted a job, and leases by when they ended. The index is of ended leases
-- only, so a renewal stays on its page. Lock: access exclusive on job for a nullable column, no rewrite; share on
-- job_lease while the index is built. Duration: a second for a million leases.
alter table job
  -- id of the person, service account or key; null = before there were any
  add column submitted_by text;
create index job_lease_ended on job_lease (ended_at) where ended_at is not null;
