-- Why: what servers do beside requests (webhooks, evaluations, files to validate, archives) is claimed, leased, tried
-- again and given up in one way, whichever server does it.
-- Lock: ACCESS EXCLUSIVE on evaluation, webhook_endpoint, webhook_delivery and file for the columns and the index that
-- go, and for a trigger. Duration: milliseconds, and one reading of what is unfinished.
create table leased_work (
  kind          text not null,
  -- Id of what is worked at.
  subject       text collate "C" not null,
  -- Without a foreign key, here and below: it would lock the department's row, as the queue of jobs does, and in
  -- another order.
  department_id text not null,
  -- When it may be claimed next.
  due_at        timestamptz not null,
  -- Drawn by each claim, and asked for by every write under it: one that comes late names another. Random, because
  -- a number that is counted in the row would come again after the row was deleted, or after a failover.
  claim         uuid,
  -- Until when a server is believed to work at it.
  claimed_until timestamptz,
  -- Failures in a row; a claim that ran out is one.
  attempts      int not null default 0,
  primary key (kind, subject),
  check ((claim is null) = (claimed_until is null))
) with (fillfactor = 50); -- claims and renewals touch no index: they stay on their page
create index leased_work_due on leased_work (kind, department_id, due_at, subject);

-- Departments take turns at each kind: when each had its last one, or came.
create table work_turn (
  kind          text not null,
  department_id text not null,
  served_at     timestamptz not null,
  primary key (kind, department_id)
) with (fillfactor = 50);

-- Work that is there already is due now at the latest.
create function add_leased_work(of_kind text, of_subject text, of_department text) returns void
    language sql volatile
    as $$
insert into work_turn (kind, department_id, served_at) values (of_kind, of_department, graft_now())
    on conflict do nothing;
insert into leased_work (kind, subject, department_id, due_at) values (of_kind, of_subject, of_department, graft_now())
    on conflict (kind, subject) do update set due_at = least(leased_work.due_at, excluded.due_at);
$$;

-- What is unfinished. Where a server of before is at work, its claim runs out first.
insert into leased_work (kind, subject, department_id, due_at)
select 'file_validation', id, department_id, graft_now() from file where status = 'uploaded';

insert into leased_work (kind, subject, department_id, due_at, attempts)
select 'evaluation', id, department_id, greatest(not_before, claimed_until), bugs from evaluation where ended_at is null;

insert into leased_work (kind, subject, department_id, due_at)
select 'webhook', e.id, e.department_id, greatest(min(d.next_attempt_at), e.sending_until)
  from webhook_endpoint e join webhook_delivery d on d.endpoint_id = e.id
 where d.next_attempt_at is not null group by e.id;

insert into work_turn (kind, department_id, served_at)
select w.kind, w.department_id,
       coalesce(case w.kind
                  when 'evaluation' then (select max(served_at) from evaluation e where e.department_id = w.department_id)
                  when 'webhook' then (select max(served_at) from webhook_endpoint e where e.department_id = w.department_id)
                end, graft_now())
  from (select distinct kind, department_id from leased_work) w;

alter table evaluation drop column claims, drop column claimed_until, drop column not_before, drop column served_at,
                       drop column bugs;
alter table webhook_endpoint drop column sending_until, drop column served_at;
alter table webhook_delivery drop column claims;
drop index file_to_validate;

-- A delivery that is made is work at its endpoint.
create function webhook_work() returns trigger
    language plpgsql
    as $$
begin
  perform add_leased_work('webhook', id, department_id) from webhook_endpoint where id = new.endpoint_id;
  return null;
end $$;

create trigger webhook_work after insert on webhook_delivery
    for each row when (new.next_attempt_at is not null)
    execute function webhook_work();

-- As before, and in the order of endpoints: each has a row of work by now, that two transactions must not lock in turns.
create or replace function webhook_tell() returns trigger
    language plpgsql
    as $$
declare
  told constant text := 'fine_tuning.job.' || case new.state when 'waiting' then 'waiting_for_approval' else new.state end;
begin
  insert into webhook_delivery (id, endpoint_id, type, job_id, created_at, next_attempt_at)
  select webhook_id(), id, told, new.id, graft_now(), graft_now()
    from webhook_endpoint
   where department_id = new.department_id and disabled_at is null and told = any (events)
   order by webhook_endpoint.id
     for key share;
  return null;
end $$;
