-- Why: an edit that has not seen the one before it fails instead of undoing it. JPA moves these columns; statements that
-- count on the same rows leave them be. Lock: access exclusive on each table, no rewrite. Duration: milliseconds.
alter table department add column version int not null default 0;
alter table api_key add column version int not null default 0;
alter table service_account add column version int not null default 0;
