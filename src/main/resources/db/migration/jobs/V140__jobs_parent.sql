-- Why: jobs that continue from what an earlier one has made: its name, and where training begins.
-- Lock: ACCESS EXCLUSIVE on job, columns without a default. Duration: milliseconds.
alter table job
  add column parent_model   text,
  -- SHA-256 of the manifest of the directory whose weights training begins with; null where the
  -- base has them, as after full fine-tuning.
  add column start_manifest text check (start_manifest ~ '^[0-9a-f]{64}$');
