-- Why: who did what, kept for good: rows are only ever added, and the database refuses everything else, also to the
-- tables' owner. Lock: none (new table). Duration: none.
create table audit_log (
  -- Grows with time; lists go by it.
  id                 text collate "C" primary key,
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
  details            jsonb not null
);
create index audit_log_department on audit_log (department_id, id desc);

create function audit_log_is_append_only() returns trigger language plpgsql as $$
begin
  raise exception 'audit_log is append-only: % refused', lower(tg_op) using errcode = 'insufficient_privilege';
end $$;
create trigger audit_log_rows before update or delete on audit_log
  for each row execute function audit_log_is_append_only();
create trigger audit_log_whole before truncate on audit_log
  for each statement execute function audit_log_is_append_only();
-- Not to be set aside by session_replication_role = replica either.
alter table audit_log enable always trigger audit_log_rows;
alter table audit_log enable always trigger audit_log_whole;
