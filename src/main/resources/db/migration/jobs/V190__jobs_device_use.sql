-- Why: what a worker's device is doing is told with its heartbeats and shown to administrators.
-- Lock: access exclusive on worker_device for columns without a default, no rewrite. Duration: at once.
alter table worker_device
  -- bytes in use, and bytes that there are; null = not known
  add column memory_used  bigint check (memory_used >= 0),
  add column memory_total bigint check (memory_total >= 0),
  -- percent
  add column utilization  float8 check (utilization between 0 and 100),
  -- when the worker told these; null = never
  add column used_at      timestamptz;
