-- Why: a department says that an adapter should not be used any more, and until when it can be.
-- Lock: ACCESS EXCLUSIVE on adapter, columns without a default. Duration: milliseconds.
alter table adapter
  add column deprecated_at timestamptz,
  add column deprecation_notice text check (length(deprecation_notice) <= 1000),
  add column retires_at timestamptz,
  add constraint adapter_deprecation check ((deprecated_at is null) = (deprecation_notice is null)),
  add constraint adapter_retires check (retires_at is null or deprecated_at is not null);
