-- Why: a server takes requests out of a bucket by the handful and counts them itself: with a statement and the lock of a
-- row for each request, all requests of a department stood in one queue.
-- Lock: none. Duration: milliseconds. rate_take and rate_give_back stay for servers of the release before, which may run
-- until they are replaced.

-- Puts up to so many requests into a bucket, as many as fit. empty_in: how long until it is empty; fits_in: how long
-- until one more would fit, if none did.
create function rate_lease(bucket text, per_minute int, wanted int, out granted int, out empty_in interval, out fits_in interval)
language plpgsql as $$
declare
  now_  timestamptz := graft_now();
  share interval := interval '1 minute' / per_minute;
  empty timestamptz;
begin
  insert into rate_bucket as b (name, empty_at) values (bucket, now_)
  on conflict (name) do update set empty_at = greatest(b.empty_at, now_)
  returning empty_at into empty;
  -- A hundredth for the rounding of shares.
  granted := least(wanted, greatest(0, floor(extract(epoch from now_ + interval '1 minute' - empty)
                                             / extract(epoch from share) + 0.01)::int));
  if granted > 0 then
    update rate_bucket set empty_at = empty + granted * share where name = bucket;
  end if;
  empty_in := empty + granted * share - now_;
  fits_in := case when granted > 0 then interval '0'
                  else greatest(empty_in + share - interval '1 minute', interval '1 millisecond') end;
end $$;
