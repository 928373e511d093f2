-- Why: what a department may use: rate of requests, jobs, device time, storage, priority, base models. Buckets of the
-- rate limits live here, so that they hold over all servers; unlogged, since after a crash full buckets are right.
-- Lock: access exclusive on department for adding nullable columns, no rewrite. Duration: milliseconds.
alter table department
  -- null = the operator's default
  add column requests_per_minute int check (requests_per_minute > 0),
  add column max_queued          int check (max_queued >= 0),
  -- null = no limit
  add column max_device_seconds  bigint check (max_device_seconds >= 0),
  -- null = the operator's default
  add column max_stored_bytes    bigint check (max_stored_bytes >= 0),
  add column max_priority        smallint not null default 100 check (max_priority between -100 and 100),
  -- null = every base model
  add column model_mode          text check (model_mode in ('allow_list', 'deny_list')),
  add column model_ids           text[],
  add constraint department_models check ((model_mode is null) = (model_ids is null));

-- A leaky bucket holds a minute of requests. It is empty from empty_at on, and each request moves that by its share of
-- a minute (the "virtual scheduling" of the generic cell rate algorithm, ITU-T I.371).
create unlogged table rate_bucket (
  name     text primary key,
  empty_at timestamptz not null
) with (fillfactor = 50, autovacuum_vacuum_scale_factor = 0, autovacuum_vacuum_threshold = 1000);

-- Puts a request into a bucket, if it fits. fits_in: how long until one more would; zero if it did.
create function rate_take(bucket text, per_minute int, out empty_in interval, out fits_in interval)
language plpgsql as $$
declare
  now_  timestamptz := graft_now();
  share interval := interval '1 minute' / per_minute;
  taken timestamptz;
begin
  insert into rate_bucket as b (name, empty_at) values (bucket, now_ + share)
  on conflict (name) do update set empty_at = greatest(b.empty_at, now_) + share
    where b.empty_at + share <= now_ + interval '1 minute'
  returning empty_at into taken;
  if taken is not null then
    empty_in := taken - now_;
    fits_in := interval '0';
  else
    select empty_at - now_ into empty_in from rate_bucket where name = bucket;
    fits_in := greatest(empty_in + share - interval '1 minute', interval '1 millisecond');
  end if;
end $$;

-- Takes back what rate_take has put in.
create function rate_give_back(bucket text, per_minute int) returns void language sql as $$
  update rate_bucket set empty_at = empty_at - interval '1 minute' / per_minute where name = bucket
$$;
