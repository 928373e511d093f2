-- Why: the credential of a worker ends, and the worker gets another before. Those that are there end 30 days from now.
-- Lock: access exclusive on worker. Duration: milliseconds, it has a row for each worker.
alter table worker
  -- means nothing where there is no credential; the default is for servers of the release before
  add column credential_expires_at      timestamptz not null default graft_now() + interval '30 days',
  -- asked for by the worker and not shown yet: with its first use it takes the place of the other
  add column next_credential_hash       bytea unique,
  add column next_credential_expires_at timestamptz,
  add constraint worker_next_credential check ((next_credential_hash is null) = (next_credential_expires_at is null));
