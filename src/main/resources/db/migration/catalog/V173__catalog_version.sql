-- Why: a change of a base model that another one has overtaken is noticed.
-- Lock: ACCESS EXCLUSIVE on base_model, a column with a constant default. Duration: milliseconds.
alter table base_model add column version int not null default 0;
