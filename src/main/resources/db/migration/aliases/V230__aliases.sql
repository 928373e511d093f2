-- Why: names of a department that stand for one of its fine-tuned models, are moved to another, and back.
-- Lock: none that matters, the tables are new. Duration: milliseconds.
create table model_alias (
  department_id  text not null references department (id),
  name           text collate "C" not null,
  -- Name of the adapter that answers.
  model          text not null,
  -- Number of the move that has chosen it: after a rollback of the one that was gone back to.
  chosen_by      int not null,
  created_at     timestamptz not null,
  moved_at       timestamptz not null,
  primary key (department_id, name)
);
-- What must not be deleted.
create index model_alias_model on model_alias (department_id, model);

create table model_alias_move (
  id             text collate "C" primary key,
  department_id  text not null,
  alias          text collate "C" not null,
  -- From 1, without gaps.
  number         int not null,
  kind           text not null check (kind in ('created', 'moved', 'rolled_back')),
  from_model     text,
  to_model       text not null,
  -- The move whose model a rollback of this one goes back to; null = there is none.
  earlier        int,
  reason         text,
  -- Of an evaluation: id, baseline, questions, gates.
  evidence       jsonb,
  -- Key or person, as account_name knows it.
  moved_by       text not null,
  created_at     timestamptz not null,
  unique (department_id, alias, number),
  foreign key (department_id, alias) references model_alias (department_id, name) on delete cascade
);

alter table model_alias enable row level security;
create policy of_department on model_alias to graft_department using (department_id = (select own_department()));
alter table model_alias_move enable row level security;
create policy of_department on model_alias_move to graft_department using (department_id = (select own_department()));

-- Told as the ends of jobs are (V163, V170); the delivery's job_id is the alias's name.
create function webhook_tell_alias() returns trigger
    language plpgsql
    as $$
begin
  insert into webhook_delivery (id, endpoint_id, type, job_id, created_at, next_attempt_at)
  select webhook_id(), id, 'alias.moved', new.alias, graft_now(), graft_now()
    from webhook_endpoint
   where department_id = new.department_id and disabled_at is null and 'alias.moved' = any (events)
   order by webhook_endpoint.id
     for key share;
  return null;
end $$;

create trigger webhook_tell after insert on model_alias_move
    for each row when (new.kind <> 'created')
    execute function webhook_tell_alias();
