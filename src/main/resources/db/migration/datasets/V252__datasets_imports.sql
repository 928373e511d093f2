-- Why: departments have servers fetch files from the hub and from buckets that an administrator allows; servers do so as
-- leased work. The row is where the file came from, for as long as the file is there.
-- Lock: none that matters, the table is new. Duration: milliseconds.
create table file_import (
  id                  text collate "C" primary key,
  department_id       text not null references department (id),
  -- Of the hub with its commit, once that is known.
  source              text not null check (length(source) <= 2000),
  filename            text not null,
  column_mapping      text,
  ignore_unknown_keys boolean not null,
  state               text not null check (state in ('queued', 'running', 'succeeded', 'failed', 'cancelled')),
  bytes               bigint not null default 0,
  -- Counts as stored until the import ends.
  total_bytes         bigint,
  -- What it became, which may be gone.
  file_id             text,
  -- Why it failed; while it runs, what the last try met.
  error               text check (length(error) <= 2000),
  created_at          timestamptz not null,
  ended_at            timestamptz,
  check ((ended_at is null) = (state in ('queued', 'running')))
);
create index file_import_of on file_import (department_id, id);
create index file_import_unfinished on file_import (department_id) where ended_at is null;
create index file_import_ended on file_import (ended_at) where ended_at is not null;

alter table file_import enable row level security;
create policy of_department on file_import to graft_department using (department_id = (select own_department()));
