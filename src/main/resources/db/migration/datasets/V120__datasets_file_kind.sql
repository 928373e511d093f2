-- Why: a job whose objective does not go with the rows of its file is refused when it is submitted.
-- Lock: access exclusive on file for the change of the catalog only; no row is rewritten. Duration: milliseconds.
alter table file add column kind text;
