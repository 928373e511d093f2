-- Why: departments are told what becomes of their jobs, at URLs of theirs.
-- Lock: SHARE ROW EXCLUSIVE on job for its triggers; the tables are new. Duration: milliseconds.
create table webhook_endpoint (
  id               text collate "C" primary key,
  department_id    text not null references department (id),
  name             text not null,
  url              text not null check (length(url) <= 2000),
  -- Types of events that it wants.
  events           text[] not null check (cardinality(events) > 0),
  -- Encrypted; the one before signs beside it until then.
  secret           bytea not null,
  -- What of it people may see.
  secret_hint      text not null,
  earlier_secret   bytea,
  earlier_until    timestamptz,
  created_at       timestamptz not null,
  updated_at       timestamptz not null,
  disabled_at      timestamptz,
  disabled_reason  text,
  -- Until when a server is believed to be sending it something: one thing at a time.
  sending_until    timestamptz,
  -- When it last had its turn.
  served_at        timestamptz,
  check ((disabled_at is null) = (disabled_reason is null)),
  check ((earlier_secret is null) = (earlier_until is null))
);
create index webhook_endpoint_list on webhook_endpoint (department_id, id);

-- The outbox: a message on its way to an endpoint.
create table webhook_delivery (
  id              text collate "C" primary key,
  -- In the order of their making: that of a job's transitions, which its row's lock puts in one.
  number          bigint generated always as identity unique,
  endpoint_id     text collate "C" not null references webhook_endpoint (id) on delete cascade,
  type            text not null,
  job_id          text collate "C" not null,
  created_at      timestamptz not null,
  -- How often it was claimed, ever: only grows, so that a late report is told from a new one.
  claims          bigint not null default 0,
  attempts        int not null default 0,
  -- Null when there is nothing left to do.
  next_attempt_at timestamptz,
  delivered_at    timestamptz,
  ended_at        timestamptz,
  check ((next_attempt_at is null) = (ended_at is not null))
);
create index webhook_delivery_due on webhook_delivery (endpoint_id, next_attempt_at, number) where next_attempt_at is not null;
create index webhook_delivery_open on webhook_delivery (endpoint_id, job_id, number) where next_attempt_at is not null;
create index webhook_delivery_list on webhook_delivery (endpoint_id, number);
create index webhook_delivery_age on webhook_delivery (ended_at) where ended_at is not null;

-- What came of sending it.
create table webhook_attempt (
  delivery_id text collate "C" not null references webhook_delivery (id) on delete cascade,
  number      int not null,
  at          timestamptz not null,
  -- Of the answer; null where there was none.
  status      int,
  -- Null where the answer was a good one.
  error       text,
  millis      int not null,
  primary key (delivery_id, number)
);

-- Ids that grow with time: 48 bits of milliseconds, then chance.
create function webhook_id() returns text
    language sql volatile
    as $$ select 'evt_' || lpad(to_hex((extract(epoch from graft_now()) * 1000)::bigint), 12, '0')
              || substr(replace(gen_random_uuid()::text, '-', ''), 13) $$;

-- A trigger, so that whatever moves a job tells it, in the same transaction, and need not know of webhooks. It waits
-- for an endpoint that is just being deleted, and leaves it out.
create function webhook_tell() returns trigger
    language plpgsql
    as $$
declare
  told constant text := 'fine_tuning.job.' || case new.state when 'waiting' then 'waiting_for_approval' else new.state end;
begin
  insert into webhook_delivery (id, endpoint_id, type, job_id, created_at, next_attempt_at)
  select webhook_id(), id, told, new.id, graft_now(), graft_now()
    from webhook_endpoint
   where department_id = new.department_id and disabled_at is null and told = any (events)
     for key share;
  return null;
end $$;

create trigger webhook_tell after update of state on job
    for each row when (new.state is distinct from old.state and new.state <> 'queued')
    execute function webhook_tell();
create trigger webhook_tell_new after insert on job
    for each row when (new.state = 'waiting')
    execute function webhook_tell();
