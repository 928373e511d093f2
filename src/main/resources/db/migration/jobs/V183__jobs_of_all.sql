-- Why: administrators list the jobs of all departments, newest first.
-- Lock: SHARE on job while the index is built. Duration: about a second for each million jobs.
create index job_list_all on job (created_at desc, id desc);
