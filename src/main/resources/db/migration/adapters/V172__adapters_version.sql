-- Why: a change of an adapter that another one has overtaken is noticed.
-- Lock: ACCESS EXCLUSIVE on adapter, a column with a constant default. Duration: milliseconds.
alter table adapter add column version int not null default 0;
