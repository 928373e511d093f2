-- Why: a job is the one that loses its workers only where something says so. Losses that its worker shares with other jobs, or
-- that came while the server was away, count less. Lock: access exclusive on job for a column with a constant default, no
-- rewrite; share on job_lease while the index is made. Duration: a second for a million leases.
alter table job
  -- of losses_in_a_row those that only this job can have caused
  add column own_losses_in_a_row int not null default 0;
update job set own_losses_in_a_row = losses_in_a_row where losses_in_a_row > 0 and finished_at is null;
-- What a worker had before. Without a column that a renewal writes.
create index job_lease_worker on job_lease (worker_id, ended_at desc) where ended_at is not null;
