-- Why: a file in a format that can be made chat rows says so; unknown keys of rows may be left out; a file may be made
-- of another's rows, after the answer where it is large. Files that are there keep null: their format was not noted.
-- Lock: access exclusive on file and upload for the change of the catalog only; no row is rewritten.
-- Duration: milliseconds.
alter table file
  add column row_format text,
  add column ignore_unknown_keys boolean not null default false,
  -- What its content is made chat rows of; until its status is 'processed', digest and bytes are the original's.
  add column conversion text;
alter table upload add column ignore_unknown_keys boolean not null default false;
