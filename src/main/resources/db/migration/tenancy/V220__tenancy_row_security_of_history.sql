-- Why: row-level security (ADR 26) of tables that are younger than it. Lock: access exclusive on each, one after the
-- other. Duration: milliseconds.
alter table audit_log enable row level security;
create policy of_department on audit_log to graft_department using (department_id = (select own_department()));

revoke insert, update, delete on job_event_history from graft_department;
alter table job_event_history enable row level security;
create policy of_department on job_event_history to graft_department
  using (exists (select from job whole where whole.id = job_event_history.job_id));

-- Named by itself, a part shows a department nothing.
create or replace function audit_log_protect(part text) returns void language plpgsql as $$
begin
  execute format('alter table %I enable always trigger audit_log_rows', part);
  execute format('create trigger audit_log_whole before truncate on %I
                    for each statement execute function audit_log_is_append_only()', part);
  execute format('alter table %I enable always trigger audit_log_whole', part);
  execute format('alter table %I enable row level security', part);
end $$;
do $$
declare part text;
begin
  for part in select inhrelid::regclass::text from pg_inherits where inhparent = 'audit_log'::regclass loop
    execute format('alter table %s enable row level security', part);
    execute format('drop policy if exists of_department on %s', part);
  end loop;
end $$;

-- Calls of workers hold what departments ask; the server alone passes them on.
revoke all on worker_call, worker_call_report, worker_call_poll from graft_department;
