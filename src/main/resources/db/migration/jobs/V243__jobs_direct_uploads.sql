-- Why: an upload that goes straight to the bucket is counted when its link is given, once however often that is asked for.
-- Lock: none (new table). Duration: none.
create table job_upload (
  job_id text   not null references job (id) on delete cascade,
  epoch  bigint not null,
  digest text   not null,
  bytes  bigint not null check (bytes >= 0),
  -- until it has arrived
  primary key (job_id, epoch, digest, bytes)
);
revoke insert, update, delete on job_upload from graft_department;
alter table job_upload enable row level security;
create policy of_department on job_upload to graft_department
  using (exists (select from job whole where whole.id = job_upload.job_id));
