-- Why: departments keep data, checkpoints, adapters and logs for so long, and are told before something goes.
-- Lock: SHARE on file while its index is made; the tables are new. Duration: a second for a million files.
create table retention_policy (
  department_id    text primary key references department (id),
  -- Days from the beginning of a thing's clock; null = the operator's default.
  datasets_days    int check (datasets_days between 1 and 36500),
  checkpoints_days int check (checkpoints_days between 1 and 36500),
  adapters_days    int check (adapters_days between 1 and 36500),
  logs_days        int check (logs_days between 1 and 36500),
  notice_days      int check (notice_days between 1 and 365)
);

-- What will be removed, and not before it has stood here for the days of notice.
create table retention_notice (
  -- Grows with time.
  id            text collate "C" primary key,
  department_id text not null references department (id),
  kind          text not null check (kind in ('datasets', 'checkpoints', 'adapters', 'logs')),
  -- Of a file, an adapter, or the job whose checkpoints or logs they are.
  resource_id   text collate "C" not null,
  name          text not null,
  -- When its clock began.
  since         timestamptz not null,
  noticed_at    timestamptz not null,
  delete_at     timestamptz not null,
  unique (kind, resource_id)
);
create index retention_notice_list on retention_notice (department_id, delete_at, id);
create index retention_notice_due on retention_notice (delete_at, id);

-- The oldest data of a department first.
create index file_age on file (department_id, created_at) where purpose = 'fine-tune';
