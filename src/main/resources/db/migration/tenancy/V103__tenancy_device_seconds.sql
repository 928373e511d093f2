-- Why: how much device time a department has used this month (UTC), without reading its leases: moved by the
-- statements that end a lease, like "used". Lock: access exclusive on department, no rewrite. Duration: milliseconds.
alter table department
  add column month_seconds double precision not null default 0,
  -- first day of the month that month_seconds is of
  add column month         date not null default '2000-01-01';

create function this_month() returns date language sql stable parallel safe
  as $$ select date_trunc('month', graft_now() at time zone 'UTC')::date $$;
