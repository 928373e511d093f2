-- Why: published results of jobs; a row commits together with its job's success.
-- Lock: none that matters, the table is new. Duration: milliseconds.
create table adapter (
  id              text primary key,
  department_id   text not null references department (id),
  -- The fine_tuned_model of the job.
  name            text not null unique,
  job_id          text not null unique references job (id),
  base_model      text not null,
  training_file   text not null,
  -- SHA-256 of the manifest blob of the result directory.
  manifest        text not null check (manifest ~ '^[0-9a-f]{64}$'),
  -- The resolved adapter object of the job, as JSON.
  configuration   text not null,
  trained_tokens  bigint not null,
  -- SHA-256 and size of its tar.gz blob, once that has been made.
  archive         text check (archive ~ '^[0-9a-f]{64}$'),
  archive_bytes   bigint,
  created_at      timestamptz not null,
  check ((archive is null) = (archive_bytes is null))
);

-- Lists are newest first within a department.
create index adapter_list on adapter (department_id, created_at desc, id desc);
