-- Why: an adapter says which model its training continued from.
-- Lock: ACCESS EXCLUSIVE on adapter, a column without a default. Duration: milliseconds.
alter table adapter add column parent_model text;
