-- Why: files that arrive in parts, packed or as CSV. An upload's parts lie in the artifact store under their own ids;
-- the rows of a packed or CSV file are a blob of their own.
-- Lock: access exclusive on file for adding nullable columns, no rewrite; the index is built on few rows.
-- Duration: milliseconds.
alter table file
  -- JSON object of field to column of a CSV file, where its header does not say.
  add column column_mapping text,
  -- JSONL made from the file, where the file itself is not.
  add column rows_digest    text check (rows_digest ~ '^[0-9a-f]{64}$'),
  add column rows_bytes     bigint check (rows_bytes >= 0),
  add constraint file_rows_whole check ((rows_digest is null) = (rows_bytes is null));
create index file_expiry on file (expires_at) where expires_at is not null;

create table upload (
  id             text collate "C" primary key,
  department_id  text not null references department (id),
  filename       text not null,
  purpose        text not null check (purpose = 'fine-tune'),
  -- As announced; the parts must add up to it.
  bytes          bigint not null check (bytes > 0),
  mime_type      text not null,
  column_mapping text,
  -- Seconds that the file will live, or null if it stays.
  file_lifetime  bigint,
  status         text not null check (status in ('pending', 'completed', 'cancelled', 'expired')),
  -- What it was completed with, in order: asked for again, it is the same completion.
  part_ids       text,
  file_id        text collate "C" references file (id) on delete set null,
  created_at     timestamptz not null,
  expires_at     timestamptz not null,
  check ((part_ids is not null) = (status = 'completed'))
);
create index upload_pending on upload (department_id) where status = 'pending';
create index upload_expiry on upload (expires_at);
create index upload_file on upload (file_id) where file_id is not null;

create table upload_part (
  id         text collate "C" primary key,
  upload_id  text collate "C" not null references upload (id),
  -- Null while it arrives.
  bytes      bigint check (bytes >= 0),
  created_at timestamptz not null
);
create index upload_part_of on upload_part (upload_id);
