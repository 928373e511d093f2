-- Why: the one clock of all SQL, so that a test can shift time for every session at once by
-- replacing the function. Stable, so that "available_at <= graft_now()" can use an index.
-- Lock: none. Duration: none.
create function graft_now() returns timestamptz
    language sql stable parallel safe
    as 'select clock_timestamp()';
