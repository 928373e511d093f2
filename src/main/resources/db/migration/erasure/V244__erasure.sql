-- Why: an archived department can be erased, with a certificate that says what was deleted.
-- Lock: none, the tables are new; a function of the audit log is replaced. Duration: milliseconds.
create table department_erasure (
  id              text collate "C" primary key,
  -- Without a foreign key: it stays when the department is gone.
  department_id   text not null unique,
  requested_at    timestamptz not null,
  -- Key or person.
  requested_by    text not null,
  reason          text check (length(reason) <= 1000),
  status          text not null check (status in ('stopping', 'deleting_rows', 'deleting_content', 'succeeded')),
  -- JSON object: rows deleted by table, written with each deletion.
  rows_deleted    jsonb not null default '{}',
  -- Of pseudonyms in the audit log; forgotten when the rows are gone.
  salt            uuid default gen_random_uuid(),
  rows_deleted_at timestamptz,
  -- When a sweep of the store has found that nothing of the department's rows needs its content.
  noted_at        timestamptz,
  finished_at     timestamptz,
  -- Canonical JSON, as it was signed (Ed25519).
  certificate     text,
  signature       bytea,
  public_key      bytea,
  check ((rows_deleted_at is null) = (status in ('stopping', 'deleting_rows'))),
  check ((finished_at is null) = (status <> 'succeeded')),
  check (num_nulls(finished_at, certificate, signature, public_key) in (0, 4))
);

-- Content that the department's rows named, until the certificate counts it.
create table department_erasure_blob (
  erasure_id text collate "C" not null references department_erasure (id) on delete cascade,
  digest     text not null,
  bytes      bigint not null,
  primary key (erasure_id, digest)
);

-- One row, made with the first certificate.
create table certificate_key (
  private_key bytea not null,
  public_key  bytea not null,
  single      boolean primary key default true check (single)
);
revoke all on department_erasure, department_erasure_blob, certificate_key from graft_department;

-- As before, but for entries of a department whose rows are being erased: they lose names and details, and keep who did
-- what and when.
create or replace function audit_log_is_append_only() returns trigger language plpgsql as $$
begin
  if tg_op = 'UPDATE' then
    if (old.id, old.effective_at, old.type, old.department_id, old.key_id, old.person_id, old.email,
        old.service_account_id, old.ip_address, old.request_id)
       is not distinct from
       (new.id, new.effective_at, new.type, new.department_id, new.key_id, new.person_id, new.email,
        new.service_account_id, new.ip_address, new.request_id)
       and new.department_name is null and new.details = '{"erased": true}'
       and (new.resource_id is not distinct from old.resource_id or new.resource_id like 'erased-%')
       and exists (select from department_erasure e
                    where e.department_id = old.department_id and e.status = 'deleting_rows') then
      return new;
    end if;
  end if;
  raise exception 'audit_log is append-only: % refused', lower(tg_op) using errcode = 'insufficient_privilege';
end $$;
