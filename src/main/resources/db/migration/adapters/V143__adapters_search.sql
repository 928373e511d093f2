-- Why: adapters are found by method and by their job's metadata; a deleted one leaves its row without files, so that its
-- id, its name and what was trained from it stay explained.
-- Lock: ACCESS EXCLUSIVE on adapter while its rows are written anew. Duration: a second for 10,000 adapters.
alter table adapter
  -- peft_type, or the type of a method that PEFT lacks.
  add column method text generated always as (
    coalesce(configuration::jsonb #>> '{peft,peft_type}', configuration::jsonb #>> '{method,type}')) stored,
  add column metadata jsonb,
  add column deleted_at timestamptz,
  alter column manifest drop not null,
  add constraint adapter_deleted check ((deleted_at is null) = (manifest is not null));

update adapter a set metadata = j.metadata from job j where j.id = a.job_id and j.metadata is not null;
