-- Why: the audit log is kept by month (UTC), so that months which need not be kept any longer go as whole tables and
-- nothing else ever removes an entry. The table that was there becomes the partition of all that is before next month:
-- no row is copied.
-- Lock: ACCESS EXCLUSIVE on audit_log. Duration: one scan of it and an index, about a second a million entries.
alter table audit_log rename to audit_log_until;
drop trigger audit_log_rows on audit_log_until;
drop trigger audit_log_whole on audit_log_until;
alter table audit_log_until drop constraint audit_log_pkey;
drop index audit_log_department;

create table audit_log (
  -- Grows with time; lists go by it.
  id                 text collate "C" not null,
  effective_at       timestamptz not null,
  type               text not null,
  -- The department it was done in, by the name it had then; null = the organisation.
  department_id      text,
  department_name    text,
  -- Who: a key, or a person who has signed in; none = a command on the server, or the server itself.
  key_id             text,
  person_id          text,
  email              text,
  service_account_id text,
  ip_address         text,
  request_id         text,
  resource_id        text,
  -- JSON object, the value of the key that the wire names by the type
  details            jsonb not null,
  primary key (id, effective_at)
) partition by range (effective_at);
create index audit_log_department on audit_log (department_id, id desc);
create trigger audit_log_rows before update or delete on audit_log
  for each row execute function audit_log_is_append_only();
alter table audit_log enable always trigger audit_log_rows;
create trigger audit_log_whole before truncate on audit_log
  for each statement execute function audit_log_is_append_only();
alter table audit_log enable always trigger audit_log_whole;

-- Makes a part as protected as the whole, also where it is named by itself.
create function audit_log_protect(part text) returns void language plpgsql as $$
begin
  execute format('alter table %I enable always trigger audit_log_rows', part);
  execute format('create trigger audit_log_whole before truncate on %I
                    for each statement execute function audit_log_is_append_only()', part);
  execute format('alter table %I enable always trigger audit_log_whole', part);
end $$;

-- For what is of no month that has a partition: no entry may fail for that.
create function audit_log_make_other() returns void language plpgsql as $$
begin
  create table audit_log_other partition of audit_log default;
  perform audit_log_protect('audit_log_other');
end $$;

create function audit_log_first_of_month(at timestamptz) returns timestamptz language sql stable
  as $$ select date_trunc('month', at, 'UTC') $$;

-- Makes the partition of the month of such a time, if nothing has it yet.
create function audit_log_make_month(at timestamptz) returns void language plpgsql as $$
declare
  first timestamptz := audit_log_first_of_month(at);
  next timestamptz := audit_log_first_of_month(first + interval '40 days');
  part text := 'audit_log_' || to_char(first at time zone 'UTC', 'YYYY_MM');
begin
  if to_regclass(part) is not null
     or exists (select from pg_inherits join pg_class c on c.oid = inhrelid
                 where inhparent = 'audit_log'::regclass and c.relname like 'audit\_log\_until\_%'
                   and to_char(first at time zone 'UTC', 'YYYY_MM') < right(c.relname, 7)) then
    return;
  end if;
  execute format('create table %I partition of audit_log for values from (%L) to (%L)', part, first, next);
  perform audit_log_protect(part);
end $$;

-- Makes the partitions of this month and of so many to come. Entries that fell outside of all (no server ran for
-- months, or a clock was wrong) were kept in audit_log_other: they get partitions, too, and it is made anew.
create function audit_log_make_months(ahead int) returns void language plpgsql as $$
declare
  month timestamptz;
begin
  perform pg_advisory_xact_lock(hashtextextended('months of the audit log', 0));
  if exists (select from audit_log_other) then
    alter table audit_log detach partition audit_log_other;
    for month in select distinct audit_log_first_of_month(effective_at) from audit_log_other loop
      perform audit_log_make_month(month);
    end loop;
    insert into audit_log select * from audit_log_other;
    drop table audit_log_other;
    perform audit_log_make_other();
  end if;
  for i in 0..ahead loop
    perform audit_log_make_month(audit_log_first_of_month(graft_now()) + i * interval '31 days');
  end loop;
end $$;

-- The month that the table ends with is in its name, for whoever drops it when that is long ago.
do $$
declare
  next timestamptz := (select audit_log_first_of_month(
      audit_log_first_of_month(greatest(max(effective_at), graft_now())) + interval '40 days') from audit_log_until);
  part text := 'audit_log_until_' || to_char(next at time zone 'UTC', 'YYYY_MM');
begin
  execute format('alter table audit_log_until rename to %I', part);
  execute format('alter table audit_log attach partition %I for values from (minvalue) to (%L)', part, next);
  perform audit_log_protect(part);
end $$;
select audit_log_make_other();
select audit_log_make_months(2);
