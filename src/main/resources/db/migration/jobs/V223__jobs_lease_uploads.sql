-- Why: what the holder of a lease may upload is bounded. Lock: access exclusive on job_lease. Duration: milliseconds.
alter table job_lease
  -- begun under this lease and not failed
  add column uploads        integer not null default 0,
  add column uploaded_bytes bigint  not null default 0;
