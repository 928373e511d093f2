-- Why: published results of jobs; one row commits with the job's success.
-- Lock: none that matters, the table is new. Duration: milliseconds.
create table adapters (
  id               text primary key,
  department_id    text not null,
  name             text not null unique,
  job_id           text not null unique,
  base_model       text not null,
  training_file    text not null,
  manifest         text not null check (manifest ~ '^[0-9a-f]{64}$'),
  adapter          text not null,
  trained_tokens   bigint not null,
  archive          text check (archive ~ '^[0-9a-f]{64}$'),
  archive_bytes    bigint,
  created_at       timestamptz not null,
  check ((archive is null) = (archive_bytes is null))
);

comment on column adapters.name is 'the fine_tuned_model of the job';
comment on column adapters.manifest is 'SHA-256 of the manifest blob of the result directory';
comment on column adapters.archive is 'SHA-256 of its tar.gz blob, once it has been made';

-- Lists are newest first within a department.
create index adapters_of_department on adapters (department_id, created_at desc, id desc);
