-- Why: departments (OpenAI projects) and their keys. "running" is the counter row that a claim
-- locks, so that "max_running" holds under concurrency. Lock: none (new tables). Duration: none.
create table department (
    id          text primary key,
    name        text not null unique,
    max_running int  not null default 2 check (max_running >= 0),
    running     int  not null default 0 check (running >= 0),
    created_at  timestamptz not null
);

-- Only the SHA-256 of a key is kept: a key has 256 random bits, so a fast hash is right.
create table api_key (
    id            text primary key,
    department_id text not null references department (id),
    scope         text not null check (scope in ('USER', 'ADMIN')),
    prefix        text not null,
    hash          bytea not null unique,
    created_at    timestamptz not null,
    expires_at    timestamptz,
    last_used_at  timestamptz,
    revoked_at    timestamptz
);
create index api_key_department on api_key (department_id);
