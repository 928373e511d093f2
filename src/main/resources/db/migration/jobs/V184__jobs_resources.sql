-- Why: a job asks for what it needs of a worker beside memory: a class, a kind of device, its compute capability, how many
-- devices. The claim steps from one of the few combinations that a department's waiting jobs have to the next, and in
-- each from one size to the next; job_meets gives both orders. What a job takes of the fair share is counted by device.
-- Lock: access exclusive on job for columns with a constant default, no rewrite; share while the index is made, before
-- job_fits goes. Duration: a second for a million jobs, most of which do not wait. A server of the release before claims
-- without job_fits until it is stopped: slower, and as if jobs asked for nothing.
alter table job
  -- as it was resolved when it was submitted; null = nothing was asked for
  add column resources    jsonb,
  -- '' = of any class
  add column worker_class text not null default '',
  -- kind (0 any, 1 cpu, 2 cuda) * 1000000 + least capability (80 of 8.0) * 1000 + devices - 1
  add column device_needs integer not null default 0 check (device_needs >= 0);

-- How many devices a job takes.
create function devices_of(needs integer) returns integer
  language sql immutable parallel safe return needs % 1000 + 1;

-- Whether a device, or so many of them, are what a job asks for.
create function device_meets(needs integer, kind integer, capability integer, devices integer) returns boolean
  language sql immutable parallel safe
  return needs / 1000000 in (0, kind) and needs / 1000 % 1000 <= capability and devices_of(needs) <= devices;

create index job_meets on job (department_id, worker_class, device_needs, memory_bytes, queue_order, id)
  where state = 'queued';
drop index job_fits;

alter table worker_device
  -- 0 = the worker did not say, 1 cpu, 2 cuda
  add column kind       integer not null default 0,
  -- 80 of 8.0; 0 = none, or not known
  add column capability integer not null default 0,
  add column devices    integer not null default 1,
  -- it takes only jobs that ask for the class of its worker
  add column dedicated  boolean not null default false;
