-- Why: what a job takes of a device's memory goes by its longest row. Files that are there keep null: as long as the
-- settings allow. Lock: access exclusive on file for the change of the catalog only; no row is rewritten.
-- Duration: milliseconds.
alter table file add column longest_row int check (longest_row > 0);
