-- Why: which commit of which hub repository a base model is.
-- Lock: ACCESS EXCLUSIVE on base_model, a column without a default. Duration: milliseconds.
alter table base_model add column source text check (length(source) <= 400);
