-- Why: a change of an endpoint that another one has overtaken is noticed.
-- Lock: ACCESS EXCLUSIVE on webhook_endpoint, a column with a constant default. Duration: milliseconds.
alter table webhook_endpoint add column version int not null default 0;
