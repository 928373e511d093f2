-- Why: departments ask whether a model is better than another, and keep what came of it.
-- Lock: none, the tables are new. Duration: milliseconds.
create table evaluation (
  id            text collate "C" primary key,
  department_id text not null references department (id),
  status        text not null check (status in ('queued', 'running', 'succeeded', 'failed', 'cancelled')),
  file_id       text not null,
  -- Who is asked: the baseline, if there is one, and the candidates.
  models        text[] not null check (cardinality(models) > 0),
  -- Of the files that answer, in the same order; null until the questions are there.
  fingerprints  text[],
  plan          jsonb not null,
  created_at    timestamptz not null,
  started_at    timestamptz,
  ended_at      timestamptz,
  -- How many questions; null until they have been chosen.
  questions     int,
  -- Rows of the file that cannot be asked.
  passed_over   bigint not null default 0,
  answered      int not null default 0,
  -- As it was written: jsonb would put keys in another order.
  results       json,
  error_code    text,
  error_message text,
  -- How often it was claimed: only grows, so that a late write is told from a new one.
  claims        bigint not null default 0,
  -- Until when a server is believed to work at it.
  claimed_until timestamptz,
  -- When it may be claimed next, and what it waits for.
  not_before    timestamptz not null,
  waits_for     text,
  -- Since when nobody has been there to answer; null = somebody was.
  waiting_since timestamptz,
  -- When it last had its turn.
  served_at     timestamptz,
  -- How often the question that is next broke its model, one time after the other.
  stumbles      int not null default 0,
  -- How often Graft itself broke since the last answer.
  bugs          int not null default 0,
  -- Questions that were given up, one after the other.
  given_up      int not null default 0,
  check ((ended_at is null) = (status in ('queued', 'running'))),
  check ((results is not null) = (status = 'succeeded')),
  check ((error_code is not null) = (status = 'failed'))
);
create index evaluation_list on evaluation (department_id, id);
create index evaluation_open on evaluation (not_before) where ended_at is null;
create index evaluation_served on evaluation (department_id, served_at);
create index evaluation_ended on evaluation (department_id, ended_at) where ended_at is not null;

-- A row of the file as it was asked.
create table evaluation_question (
  evaluation_id text collate "C" not null references evaluation (id) on delete cascade,
  number        int not null,
  line          bigint not null,
  question      jsonb not null,
  primary key (evaluation_id, number)
);

create table evaluation_answer (
  evaluation_id   text collate "C" not null references evaluation (id) on delete cascade,
  -- Place in the evaluation's models.
  model           int not null,
  number          int not null,
  text            text,
  cut             boolean not null,
  tokens          int not null,
  -- Of the known answer; null where the model cannot say.
  log_probability float8,
  known_tokens    int,
  -- One for each grader.
  scores          float8[],
  -- Why there is no answer.
  refusal         text,
  primary key (evaluation_id, model, number),
  check ((text is null) = (refusal is not null)),
  check ((scores is null) = (refusal is not null)),
  check ((log_probability is null) = (known_tokens is null))
);
