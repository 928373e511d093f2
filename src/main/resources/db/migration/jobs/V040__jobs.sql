-- Why: the queue. Jobs, the leases workers hold on them, their events and checkpoints, and the workers themselves.
-- Lock: none that matters, the tables are new. Duration: milliseconds.

create table job (
  id              text primary key,
  department_id   text not null references department (id),
  created_at      timestamptz not null,
  state           text not null check (state in ('queued', 'running', 'succeeded', 'failed', 'cancelled')),
  -- what was asked
  base_model      text not null,
  base_manifest   text not null,
  training_file   text not null,
  training_digest text not null,
  validation_file text,
  validation_digest text,
  suffix          text,
  seed            bigint not null,
  method          jsonb not null,
  hyperparameters jsonb not null,
  adapter         jsonb not null,
  metadata        jsonb,
  -- where it stands in the queue
  priority        smallint not null default 0 check (priority between -100 and 100),
  available_at    timestamptz not null,
  -- Waiting an hour is worth one priority. UTC because the generated column must not depend on the session's time zone.
  queue_order     timestamp not null generated always as ((available_at at time zone 'UTC') - priority * interval '1 hour') stored,
  -- how it went
  lease_epoch     bigint not null default 0,
  failures        int not null default 0,
  memory_failures int not null default 0,
  losses_in_a_row int not null default 0,
  -- Checkpoints up to this epoch belong to another micro-batch and cannot be resumed.
  restart_epoch   bigint not null default 0,
  cancel_requested_at timestamptz,
  started_at      timestamptz,
  finished_at     timestamptz,
  fine_tuned_model text,
  result_manifest text,
  result_files    text[] not null default '{}',
  failure_class   text,
  failure_message text,
  failure_hint    text,
  failure_param   text,
  check ((state in ('succeeded', 'failed', 'cancelled')) = (finished_at is not null))
) with (fillfactor = 70, autovacuum_vacuum_scale_factor = 0, autovacuum_vacuum_threshold = 500);
create index job_claim on job (department_id, queue_order, id) where state = 'queued';
create index job_running on job (department_id) where state = 'running';
create index job_list on job (department_id, created_at desc, id desc);

-- What a heartbeat writes, away from the wide row. last_event numbers the job's events under this row's lock.
create table job_progress (
  job_id         text primary key references job (id) on delete cascade,
  last_event     int not null default 0,
  step           int not null default 0,
  total_steps    int,
  job_epoch      double precision,
  tokens_per_second double precision,
  trained_tokens bigint not null default 0,
  progressed_at  timestamptz
) with (fillfactor = 50, autovacuum_vacuum_scale_factor = 0, autovacuum_vacuum_threshold = 200);

create table worker (
  id              text primary key,
  name            text not null,
  class           text not null default 'default',
  credential_hash bytea unique,
  created_at      timestamptz not null,
  last_seen_at    timestamptz,
  revoked_at      timestamptz
);

create table worker_join_token (
  token_hash bytea primary key,
  class      text not null default 'default',
  created_at timestamptz not null,
  expires_at timestamptz not null,
  used_at    timestamptz,
  worker_id  text references worker (id)
);

-- One row per time a worker took a job: the live one (ended_at is null) is the fence, the others are the job's history.
-- expires_at is not indexed, so that a renewal stays on its page; live rows are as few as devices.
create table job_lease (
  job_id     text not null references job (id) on delete cascade,
  epoch      bigint not null,
  token      uuid not null,
  worker_id  text not null references worker (id),
  claimed_at timestamptz not null,
  expires_at timestamptz not null,
  report     bigint not null default 0,
  ended_at   timestamptz,
  outcome    text check (outcome in ('completed', 'failed', 'released', 'lost')),
  manifest   text,
  primary key (job_id, epoch)
) with (fillfactor = 50, autovacuum_vacuum_scale_factor = 0, autovacuum_vacuum_threshold = 200);
create unique index job_lease_live on job_lease (job_id) where ended_at is null;

create table job_event (
  job_id     text not null references job (id) on delete cascade,
  number     int not null,
  created_at timestamptz not null,
  level      text not null check (level in ('info', 'warn', 'error')),
  type       text not null check (type in ('message', 'metrics')),
  message    text not null,
  data       jsonb,
  primary key (job_id, number)
);

create table job_checkpoint (
  id         text primary key,
  job_id     text not null references job (id) on delete cascade,
  epoch      bigint not null,
  step       int not null,
  manifest   text not null,
  metrics    jsonb not null,
  created_at timestamptz not null,
  unique (job_id, epoch, step)
);

-- Blobs that a worker uploaded under a lease of this job: what its manifests may name, and what a later lease may read.
create table job_blob (
  job_id text not null references job (id) on delete cascade,
  digest text not null,
  bytes  bigint not null,
  primary key (job_id, digest)
);
