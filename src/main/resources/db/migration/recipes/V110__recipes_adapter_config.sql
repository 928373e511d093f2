-- Why: named adapter configurations. A version never changes; a change is another version; the name stays.
-- Lock: none, the tables are new. Duration: milliseconds.
create table adapter_config (
  id            text collate "C" primary key,
  department_id text not null references department (id),
  name          text not null check (name ~ '^[a-z0-9][a-z0-9._-]{0,62}$'),
  created_at    timestamptz not null,
  deleted_at    timestamptz
);
create unique index adapter_config_name on adapter_config (department_id, name) where deleted_at is null;
create index adapter_config_list on adapter_config (department_id, id);

create table adapter_config_version (
  config_id   text collate "C" not null references adapter_config (id),
  version     int not null check (version >= 1),
  description text,
  adapter     jsonb not null,
  created_at  timestamptz not null,
  primary key (config_id, version)
);
