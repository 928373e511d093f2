-- Why: people who look at Graft in a browser sign in with a key once and come back with a cookie.
-- Lock: none on existing tables but SHARE ROW EXCLUSIVE on api_key for the foreign key. Duration: milliseconds.
create table web_session (
    id         text primary key,
    hash       bytea not null unique,
    key_id     text not null references api_key (id) on delete cascade,
    created_at timestamptz not null,
    expires_at timestamptz not null
);
create index web_session_key on web_session (key_id);
create index web_session_end on web_session (expires_at);
comment on table web_session is 'A browser that is signed in; may do what its key may, and ends with it';
comment on column web_session.hash is 'SHA-256 of the token in the cookie, which is stored nowhere';
