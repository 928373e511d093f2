-- Why: what the last check of each serving engine has found. Lock: none, the table is new. Duration: milliseconds.
create table engine (
  name       text collate "C" primary key,
  status     text not null check (status in ('ready', 'degraded', 'unreachable')),
  error      text,
  checked_at timestamptz not null,
  since      timestamptz not null,
  -- [{name, department_id, model, status, error}], written anew at each check.
  models     jsonb not null
);
revoke all on engine from graft_department;
