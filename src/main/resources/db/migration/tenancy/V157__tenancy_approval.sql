-- Why: departments whose jobs an owner or an administrator approves before they may start.
-- Lock: access exclusive on department, no rewrite. Duration: milliseconds.
alter table department
  add column approval text not null default 'off' check (approval in ('off', 'every_job'));
