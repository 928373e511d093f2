-- Why: several servers: the server that was asked waits for an answer, and the worker asks for calls and reports at any
-- of them. Rows live no longer than the request; unlogged, since after a crash nobody waits for an answer any more.
-- Lock: none on what is there. Duration: milliseconds.
create unlogged table worker_call (
  id         text primary key,
  -- Where the request waits, drawn anew at each start.
  server     text not null,
  -- Name of the weights that answer: a worker prefers those that it has in memory.
  weights    text not null,
  -- JSON as the worker gets it.
  body       bytea not null,
  placed_at  timestamptz not null,
  -- The server says again and again that it still waits; beyond this it does not.
  kept_until timestamptz not null,
  -- Drawn by each claim, and named by every report: one that comes late names another.
  claim      text unique,
  worker_id  text,
  check ((claim is null) = (worker_id is null))
) with (autovacuum_vacuum_scale_factor = 0, autovacuum_vacuum_threshold = 1000);

create index worker_call_waiting on worker_call (placed_at) where claim is null;
create index worker_call_server on worker_call (server);

-- What a worker has said of a call at another server than the one that waits, which takes it from here.
create unlogged table worker_call_report (
  number  bigint generated always as identity primary key,
  call_id text not null references worker_call (id) on delete cascade,
  claim   text not null,
  body    bytea not null
) with (autovacuum_vacuum_scale_factor = 0, autovacuum_vacuum_threshold = 1000);

create index worker_call_report_call on worker_call_report (call_id);

-- Workers that would answer a call, at whichever server they ask.
create unlogged table worker_call_poll (
  worker_id     text primary key,
  present_until timestamptz not null
) with (fillfactor = 50);
