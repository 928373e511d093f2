-- Why: uploaded and generated files of the departments; the bytes lie in the artifact store under their digest.
-- Lock: none that matters, the table is new. Duration: milliseconds.
create table file (
  -- Grows with time; compared as bytes, since lists go by it.
  id             text collate "C" primary key,
  department_id  text not null references department (id),
  -- As the client sent it; shown and downloaded under, never used as a path.
  filename       text not null,
  purpose        text not null check (purpose in ('fine-tune', 'fine-tune-results')),
  bytes          bigint not null check (bytes >= 0),
  digest         text not null check (digest ~ '^[0-9a-f]{64}$'),
  -- uploaded: validation is still to come
  status         text not null check (status in ('uploaded', 'processed', 'error')),
  examples       int,
  -- JSON array of the first problems found: [{"line":1,"message":"..."}]
  problems       text not null default '[]',
  created_at     timestamptz not null,
  expires_at     timestamptz
);
-- Lists are newest first within a department, or oldest first read backwards.
create index file_list on file (department_id, id desc);
create index file_to_validate on file (id) where status = 'uploaded';
