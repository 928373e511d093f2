-- Why: administrators take a base model out of use and put it back; what it is licensed under, where it says so.
-- Lock: ACCESS EXCLUSIVE on base_model, columns without a default. Duration: milliseconds.
alter table base_model
  add column license text check (length(license) <= 200),
  add column disabled_at timestamptz;
