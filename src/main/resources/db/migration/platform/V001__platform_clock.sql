-- Why: the one clock of all SQL. The offset is set by tests and simulation on their own connection,
-- never in production. Lock: none. Duration: none.
create function graft_now() returns timestamptz
    language sql stable parallel safe
    as $$ select clock_timestamp() + coalesce(nullif(current_setting('graft.clock_offset', true), '')::interval, interval '0') $$;
