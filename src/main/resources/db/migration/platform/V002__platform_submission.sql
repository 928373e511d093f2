-- Why: what a repeated request already made, so that a client's automatic retry finds it instead
-- of making it twice. Lock: none (new table). Duration: none.
create table submission (
    caller      text not null,
    route       text not null,
    fingerprint text not null,
    body_hash   text not null,
    result      text not null,
    created_at  timestamptz not null,
    primary key (caller, route, fingerprint)
);
create index submission_age on submission (created_at);
