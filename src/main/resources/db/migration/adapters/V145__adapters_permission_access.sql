-- Why: a department lets another one ask its model, or fetch its files as well.
-- Lock: ACCESS EXCLUSIVE on checkpoint_permission, a column with a constant default. Duration: milliseconds.
alter table checkpoint_permission
  add column access text not null default 'use' check (access in ('use', 'download'));
