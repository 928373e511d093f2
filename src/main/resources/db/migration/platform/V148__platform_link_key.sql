-- Why: keys that sign download links, shared by all servers; a new one every month.
-- Lock: none, the table is new. Duration: milliseconds.
create table link_key (
  id         text primary key,
  secret     bytea not null check (length(secret) = 32),
  created_at timestamptz not null
);
