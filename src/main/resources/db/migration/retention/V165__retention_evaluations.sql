-- Why: departments keep evaluations for so long, too: they hold rows of data.
-- Lock: ACCESS EXCLUSIVE on two small tables. Duration: milliseconds.
alter table retention_policy add column evaluations_days int check (evaluations_days between 1 and 36500);

alter table retention_notice drop constraint retention_notice_kind_check;
alter table retention_notice add constraint retention_notice_kind_check
    check (kind in ('datasets', 'checkpoints', 'adapters', 'logs', 'evaluations'));
comment on column retention_notice.resource_id is 'of a file, an adapter, an evaluation, or the job whose checkpoints or logs they are';
