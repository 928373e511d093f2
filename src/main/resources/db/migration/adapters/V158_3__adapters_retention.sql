-- Why: adapters are kept for as long as their department says; its owners keep some for ever, and a deleted one says
-- that it was retention.
-- Lock: ACCESS EXCLUSIVE on adapter, columns without a default or with a constant one. Duration: milliseconds.
alter table adapter
  add column kept            boolean not null default false,
  -- null = somebody asked for it
  add column deletion_reason text check (deletion_reason = 'retention'),
  add constraint adapter_deletion_reason check (deletion_reason is null or deleted_at is not null);
