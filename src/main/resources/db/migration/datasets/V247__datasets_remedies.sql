-- Why: a file that is made of another says of which, and what was done about its rows. Files that are there keep null:
-- of what those were made that are conversions was not noted.
-- Lock: access exclusive on file for the change of the catalog only; no row is rewritten. Duration: milliseconds.
alter table file
  -- The id of the file that it was made of, which may be gone.
  add column parent text,
  -- JSON array of what is done about its rows: [{"remedy":"drop_duplicates","rows":3}], rows null until it is done;
  -- until then digest and bytes are those of the parent's rows.
  add column remedies text,
  -- The id of the file that its rows are compared with.
  add column compared_with text;
