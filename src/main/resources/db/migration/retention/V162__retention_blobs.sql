-- Why: blobs that nothing needs any more are deleted, when that has been so for a day.
-- Lock: none, the tables are new. Duration: milliseconds.
create table unreferenced_blob (
  digest    text primary key,
  -- of the blob's file, in nanoseconds since 1970; another after each publication
  published bigint not null,
  since     timestamptz not null,
  -- by the last sweep
  seen      timestamptz not null
);

-- One row: what a store is told to know its database by. A copy or a restored dump is the same database.
create table artifact_store (
  id     uuid not null default gen_random_uuid(),
  single boolean primary key default true check (single)
);
insert into artifact_store default values;
