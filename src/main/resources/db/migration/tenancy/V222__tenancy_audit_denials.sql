-- Why: a flood of equal denials is one entry of the audit log, which says how many there were and when the last one was.
-- Entries are never changed: what grows is here. Lock: none (new table). Duration: none.
create table audit_denial (
  -- of audit_log: the first denial of a window
  entry_id     text collate "C" primary key,
  -- SHA-256 of type, actor, department, resource and details
  what         bytea not null,
  window_start timestamptz not null,
  last_at      timestamptz not null,
  count        bigint not null default 1,
  unique (what, window_start)
);

-- As the log itself: nothing is taken back. What a month that went had goes after it.
create function audit_denial_only_grows() returns trigger language plpgsql as $$
begin
  if tg_op = 'UPDATE' and new.count > old.count and new.last_at >= old.last_at
     and (new.entry_id, new.what, new.window_start) = (old.entry_id, old.what, old.window_start) then
    return new;
  elsif tg_op = 'DELETE' and not exists (select from audit_log where id = old.entry_id) then
    return old;
  end if;
  raise exception 'audit_denial is append-only: % refused', lower(tg_op) using errcode = 'insufficient_privilege';
end $$;
create trigger audit_denial_rows before update or delete on audit_denial
  for each row execute function audit_denial_only_grows();
create trigger audit_denial_whole before truncate on audit_denial
  for each statement execute function audit_log_is_append_only();
alter table audit_denial enable always trigger audit_denial_rows;
alter table audit_denial enable always trigger audit_denial_whole;
revoke all on audit_denial from graft_department;
