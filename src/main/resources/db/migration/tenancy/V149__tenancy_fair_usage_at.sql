-- Why: the claim orders all departments by their use. With the time given from outside the function is inlined; calls
-- of one that asks for the time itself took most of the claim with a thousand departments. Lock: none. Duration: none.
create function fair_usage(used double precision, used_at timestamptz, half_life double precision, at timestamptz)
    returns double precision
    language sql immutable parallel safe
    as $$ select used * power(0.5, least(1000, greatest(0, extract(epoch from at - used_at))::float8 / half_life)) $$;

create or replace function fair_usage(used double precision, used_at timestamptz, half_life double precision)
    returns double precision
    language sql stable parallel safe
    as $$ select fair_usage(used, used_at, half_life, graft_now()) $$;
