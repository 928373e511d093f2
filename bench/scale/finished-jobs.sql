-- 100,000 jobs of 100 departments that have ended, each with its lease. Readiness.java and HealthPlansIT load it.

-- Nothing to check: what is inserted refers to what was inserted before.
set session_replication_role = replica;

insert into department (id, name, max_running, created_at)
select 'proj_' || n, 'd' || n, 4, graft_now() from generate_series(0, 99) n;

insert into worker (id, name, created_at) values ('wkr_1', 'w', graft_now());

-- Nine of ten have succeeded.
insert into job (id, department_id, created_at, state, base_model, base_manifest, training_file, training_digest, seed,
                 method, hyperparameters, adapter, available_at, finished_at, fine_tuned_model, result_manifest,
                 failure_class, lease_epoch)
select 'ftjob-' || n, 'proj_' || n % 100, t.at, k.state, 'b', repeat('a', 64), 'f', repeat('a', 64), 1,
       '{"type": "supervised"}', '{"n_epochs": 3}', '{"peft": {"peft_type": "LORA", "r": 8}}', t.at, t.at,
       case k.state when 'succeeded' then 'ft:b:d::' || n end,
       case k.state when 'succeeded' then repeat('a', 64) end,
       case k.state when 'failed' then 'bad_input' end, 1
  from generate_series(1, 100000) n,
       lateral (select case n % 10 when 0 then 'failed' else 'succeeded' end as state) k,
       lateral (select graft_now() - interval '60 d' + n * interval '1 s' as at) t;

insert into job_progress (job_id, last_event) select id, 1 from job;

insert into job_lease (job_id, epoch, token, worker_id, claimed_at, expires_at, ended_at, outcome)
select id, 1, gen_random_uuid(), 'wkr_1', created_at, created_at, created_at,
       case state when 'failed' then 'failed' else 'completed' end
  from job;

set session_replication_role = default;
