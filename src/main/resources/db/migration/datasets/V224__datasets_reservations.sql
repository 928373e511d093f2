-- Why: an upload has its room and its place before its first byte; those of a server that died end by themselves.
-- Lock: none (new table). Duration: none.
create table storage_reservation (
  id            text collate "C" primary key,
  department_id text not null,
  bytes         bigint not null check (bytes >= 0),
  -- moved on while bytes arrive
  expires_at    timestamptz not null
);
create index storage_reservation_of on storage_reservation (department_id);
alter table storage_reservation enable row level security;
create policy of_department on storage_reservation to graft_department
  using (department_id = (select own_department()));
