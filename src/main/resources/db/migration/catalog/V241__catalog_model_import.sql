-- Why: administrators add base models of a hub by the API; servers fetch them as leased work.
-- Lock: none. Duration: milliseconds.
create table base_model_import (
  id          text collate "C" primary key,
  name        text not null check (length(name) <= 63),
  source      text not null check (length(source) <= 400),
  state       text not null check (state in ('queued', 'running', 'succeeded', 'failed', 'cancelled')),
  bytes       bigint not null default 0,
  total_bytes bigint,
  -- Why it failed; while it runs, what the last try met.
  error       text check (length(error) <= 2000),
  created_at  timestamptz not null,
  ended_at    timestamptz,
  check ((ended_at is null) = (state in ('queued', 'running')))
);
create unique index base_model_import_unfinished on base_model_import (name) where ended_at is null;
