-- Why: a request of a department runs as a role that sees that department's rows alone, whatever its statements forget
-- to ask for (ADR 26). Lock: access exclusive on each table, one after the other. Duration: milliseconds, no row is read.
do $$
begin
  if not exists (select from pg_roles where rolname = 'graft_department') then
    begin
      create role graft_department nologin;
    exception
      -- Of another database of this cluster, in this moment.
      when duplicate_object or unique_violation then null;
      when insufficient_privilege then
        raise exception 'the role graft_department is missing, and % may not create roles', current_user
          using hint = format('As an administrator of PostgreSQL: create role graft_department nologin; '
                              'grant graft_department to %I;', current_user);
    end;
  end if;
  if not pg_has_role(current_user, 'graft_department', 'member') then
    execute format('grant graft_department to %I', current_user);
  end if;
  execute format('grant usage on schema %I to graft_department', current_schema());
  execute format('grant select, insert, update, delete on all tables in schema %I to graft_department', current_schema());
  execute format('grant usage on all sequences in schema %I to graft_department', current_schema());
  execute format('alter default privileges in schema %I grant usage on sequences to graft_department', current_schema());
  execute format('alter default privileges in schema %I grant select, insert, update, delete on tables to graft_department',
                 current_schema());
end $$;

-- Jobs are moved by the queue's ledger alone, which is the login itself.
revoke insert, update, delete on job, job_progress, job_lease, job_event, job_checkpoint, job_blob from graft_department;

-- The department of this transaction; null matches nothing.
create function own_department() returns text language sql stable parallel safe
  as $$ select current_setting('graft.department', true) $$;

-- Rows with a department of their own.
do $$
declare owned text;
begin
  foreach owned in array array['job', 'evaluation', 'adapter', 'adapter_config', 'file', 'upload', 'leased_work', 'work_turn',
                               'webhook_endpoint', 'retention_policy', 'retention_notice', 'api_key', 'service_account',
                               'department_member', 'audit_log'] loop
    execute format('alter table %I enable row level security', owned);
    execute format('create policy of_department on %I to graft_department '
                   'using (department_id = (select own_department()))', owned);
  end loop;
end $$;

alter table department enable row level security;
create policy of_department on department to graft_department using (id = (select own_department()));

-- What one lets another use, both see.
alter table checkpoint_permission enable row level security;
create policy of_department on checkpoint_permission to graft_department
  using ((select own_department()) in (department_id, owner_id));
create policy shared on adapter for select to graft_department
  using (exists (select from checkpoint_permission p
                  where p.model = adapter.name and p.department_id = (select own_department())));

-- Rows of a row: they are seen with it.
do $$
declare part record;
begin
  for part in select * from (values
      ('job_progress', 'job', 'job_id'), ('job_lease', 'job', 'job_id'), ('job_event', 'job', 'job_id'),
      ('job_checkpoint', 'job', 'job_id'), ('job_blob', 'job', 'job_id'),
      ('evaluation_question', 'evaluation', 'evaluation_id'), ('evaluation_answer', 'evaluation', 'evaluation_id'),
      ('upload_part', 'upload', 'upload_id'), ('adapter_config_version', 'adapter_config', 'config_id'),
      ('webhook_delivery', 'webhook_endpoint', 'endpoint_id'), ('webhook_attempt', 'webhook_delivery', 'delivery_id'),
      ('web_session', 'api_key', 'key_id')) as v (of_part, of_whole, key) loop
    execute format('alter table %I enable row level security', part.of_part);
    execute format('create policy of_department on %I to graft_department '
                   'using (exists (select from %I whole where whole.id = %I.%I))',
                   part.of_part, part.of_whole, part.of_part, part.key);
  end loop;
end $$;

-- Names whoever decided about a job, who may be of no department.
alter function account_name(text) security definer;
do $$
begin
  execute format('alter function account_name(text) set search_path = %I, pg_temp', current_schema());
end $$;
