-- database
select current_setting('server_version') as version, graft_now() as clock,
       pg_size_pretty(pg_database_size(current_database())) as size
-- migrations
select version, success, installed_on from flyway_schema_history order by installed_rank desc limit 20
-- jobs
select state, failure_class, count(*) from job group by 1, 2 order by 1, 2
-- waiting jobs
select department_id, worker_class, device_needs, count(*), min(available_at) as oldest, max(memory_bytes) as largest
  from job where state = 'queued' group by 1, 2, 3 order by 5 limit 200
-- live leases
select l.job_id, l.epoch, l.worker_id, l.claimed_at, l.expires_at, j.state, p.step, p.total_steps, p.progressed_at
  from job_lease l join job j on j.id = l.job_id join job_progress p on p.job_id = j.id
 where l.ended_at is null order by l.claimed_at limit 500
-- leases of the last day
select outcome, count(*) from job_lease where ended_at > graft_now() - interval '1 day' group by 1 order by 1
-- workers
select id, class, created_at, last_seen_at, revoked_at from worker order by last_seen_at desc nulls last limit 200
-- devices
select * from worker_device order by asked_at desc limit 200
-- departments
select id, running, max_running, used_at from department where running > 0 or max_running = 0 order by id limit 500
-- work
select kind, count(*), min(due_at) as oldest, max(attempts) as attempts, count(claim) as claimed
  from leased_work group by 1 order by 1
-- webhooks
select count(*) as open, min(next_attempt_at) as oldest from webhook_delivery where next_attempt_at is not null
-- connections
select state, wait_event_type, count(*), max(now() - xact_start) as longest
  from pg_stat_activity where datname = current_database() group by 1, 2 order by 1
-- tables
select relname, n_live_tup, n_dead_tup, last_autovacuum, last_autoanalyze,
       pg_size_pretty(pg_total_relation_size(relid)) as size
  from pg_stat_user_tables order by pg_total_relation_size(relid) desc limit 30
