-- Why: departments ask for other forms of their adapters; servers make them as leased work.
-- Lock: none that matters, the table is new. Duration: milliseconds.
create table adapter_export (
  id             text collate "C" primary key,
  department_id  text not null references department (id),
  adapter_id     text not null references adapter (id),
  form           text not null,
  -- JSON object; of equal forms equal.
  options        jsonb not null,
  state          text not null check (state in ('queued', 'running', 'succeeded', 'failed')),
  done_bytes     bigint not null default 0,
  total_bytes    bigint,
  -- What is downloaded.
  filename       text not null,
  content_digest text check (content_digest ~ '^[0-9a-f]{64}$'),
  content_bytes  bigint,
  -- Why it failed; while it runs, what the last try met.
  error          text check (length(error) <= 2000),
  created_at     timestamptz not null,
  ended_at       timestamptz,
  check ((ended_at is null) = (state in ('queued', 'running'))),
  check ((state = 'succeeded') = (content_digest is not null)),
  check ((content_digest is null) = (content_bytes is null))
);
-- One that exists, or is being made, is given back instead of made again.
create unique index adapter_export_form on adapter_export (adapter_id, form, options) where state <> 'failed';
create index adapter_export_adapter on adapter_export (adapter_id, id);

alter table adapter_export enable row level security;
create policy of_department on adapter_export to graft_department using (department_id = (select own_department()));
