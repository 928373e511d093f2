select ((select count(*) from job_lease l join worker w on w.id = l.worker_id
          where l.ended_at is null and w.class = '@class@')
        + coalesce(sum(least(q.jobs, greatest(d.max_running - d.running, 0))), 0))::bigint
  from (select department_id, count(*) as jobs from job
         where state = 'queued' and available_at <= graft_now() and worker_class in (@classes@)
           and device_needs / 1000000 in (@kinds@)
         group by department_id) q
  join department d on d.id = q.department_id
