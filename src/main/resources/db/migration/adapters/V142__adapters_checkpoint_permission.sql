-- Why: a department's model or checkpoint that an administrator lets another department use.
-- Lock: none that matters, the table is new. Duration: milliseconds.
create table checkpoint_permission (
  id             text primary key,
  -- The name that may be asked: of a result, or of one checkpoint.
  model          text not null,
  owner_id       text not null references department (id),
  department_id  text not null references department (id),
  created_at     timestamptz not null,
  unique (model, department_id)
);

-- What a department may use beside its own.
create index checkpoint_permission_department on checkpoint_permission (department_id, created_at desc, id desc);
