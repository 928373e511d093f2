-- 100,000 waiting jobs of 1,000 departments, a fifth of them one department's, 30,000 that have ended, and a job of
-- 20,000 events. For a database without departments; CrowdedQueue and ApiLatency.java load it.

-- Nothing to check: what is inserted refers to what was inserted before.
set session_replication_role = replica;

insert into department (id, name, max_running, created_at)
select 'proj_' || n, 'd' || n, 4, graft_now() from generate_series(1, 999) n
union all select 'proj_busy', 'busy', 4, graft_now();

insert into worker (id, name, created_at) values ('wkr_1', 'w', graft_now());

-- Job n was created n seconds after the first; every thousandth has the same run. Jobs are of three sizes, 1 to 3 GB; the
-- first thousand of the busy department of 9.
insert into job (id, department_id, created_at, state, base_model, base_manifest, training_file, training_digest, seed,
                 method, hyperparameters, adapter, metadata, available_at, finished_at, fine_tuned_model, result_manifest,
                 memory_bytes)
select k.prefix || n, coalesce(k.department, 'proj_' || n % 999 + 1), t.at, k.state, 'b', repeat('a', 64), 'f',
       repeat('a', 64), 1, '{"type": "supervised"}', '{"n_epochs": 3}', '{"peft": {"peft_type": "LORA", "r": 8}}',
       jsonb_build_object('run', (n % 1000)::text, 'team', 'a'), t.at, case k.state when 'succeeded' then t.at end,
       case k.state when 'succeeded' then 'ft:b:d::' || n end, case k.state when 'succeeded' then repeat('a', 64) end,
       case when k.prefix = 'ftjob-busy-' and n <= 1000 then 9 else 1 + n % 3 end * 1000000000::bigint
  from (values ('ftjob-', null, 'queued', 80000), ('ftjob-busy-', 'proj_busy', 'queued', 20000),
               ('ftjob-ended-', null, 'succeeded', 30000)) k (prefix, department, state, jobs),
       generate_series(1, k.jobs) n,
       lateral (select graft_now() - interval '60 d' + n * interval '1 s' as at) t;

insert into job_progress (job_id, last_event) select id, 1 from job;

insert into job_event (job_id, number, created_at, level, type, message)
select id, 1, graft_now(), 'info', 'message', 'Created fine-tuning job: ' || id from job;

insert into job_event (job_id, number, created_at, level, type, message)
select 'ftjob-ended-1', n, graft_now(), 'info', 'message', 'Step ' || n from generate_series(2, 20000) n;

insert into job_lease (job_id, epoch, token, worker_id, claimed_at, expires_at, ended_at, outcome)
select id, 1, gen_random_uuid(), 'wkr_1', created_at, created_at, created_at, 'completed'
  from job where state = 'succeeded';

set session_replication_role = default;
