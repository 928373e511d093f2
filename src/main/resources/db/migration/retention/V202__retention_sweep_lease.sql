-- Why: which server sweeps the store is a lease; a lock of the session holds nothing behind a pooler in transaction mode.
-- Lock: ACCESS EXCLUSIVE on artifact_store, which has one row. Duration: milliseconds.
alter table artifact_store
  -- Drawn by the server that sweeps.
  add column sweep       uuid,
  -- By then it has said again that it does, or another may.
  add column sweep_until timestamptz;
