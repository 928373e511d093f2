-- Why: departments take turns by what they used, for their weight, and use fades. "used" is in device-seconds as of
-- "used_at"; fair_usage fades it to now. Lock: access exclusive on department, which is small. Duration: milliseconds.
alter table department
  add column weight  double precision not null default 1 check (weight > 0),
  add column used    double precision not null default 0,
  add column used_at timestamptz not null default '2000-01-01';

-- half_life in seconds. A thousand half-lives are nothing; further on power() would fail with an underflow.
create function fair_usage(used double precision, used_at timestamptz, half_life double precision)
    returns double precision
    language sql stable parallel safe
    as $$ select used * power(0.5, least(1000, greatest(0, extract(epoch from graft_now() - used_at)) / half_life)) $$;
