-- Why: a job says why it is where it is and when it will have ended: who asked for its pause or its end, and where the
-- run that lives now has begun. Lock: access exclusive on job and job_lease for nullable columns, no rewrite.
-- Duration: milliseconds.
alter table job
  -- account that asked for the newest pause, resumption or end; null = nobody in particular
  add column asked_by  text,
  -- what they, or the server for them, had to say
  add column asked_why text;
alter table job_lease
  -- the first step that this run has told of, and when it did
  add column first_step    int,
  add column first_step_at timestamptz;

-- When a run will have made its steps, by the pace of those between its first and its newest report: at least five, over
-- at least ten seconds. Null until then, after the last step, and when that time is over.
create function expected_end(first_step int, first_step_at timestamptz, step int, step_at timestamptz, total_steps int)
    returns timestamptz
    language sql stable parallel safe
    as $$ select e.at
            from (select case when step - first_step >= 5 and step_at - first_step_at >= interval '10 s'
                                   and step < total_steps
                              then step_at + (step_at - first_step_at) / (step - first_step) * (total_steps - step)
                         end as at) e
           where e.at > graft_now() $$;
