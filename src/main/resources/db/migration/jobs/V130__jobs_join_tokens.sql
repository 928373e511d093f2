-- Why: join tokens are listed and taken back, so they have an id, a beginning to be known by, and who asked for them.
-- Those that were there are known by their hash. Lock: access exclusive on worker_join_token, which is small.
-- Duration: milliseconds.
alter table worker_join_token
  add column id         text collate "C",
  add column prefix     text not null default 'graft-join-',
  -- account that asked for it; null = a command on the server
  add column created_by text,
  add column revoked_at timestamptz;
update worker_join_token set id = 'wjt_' || encode(substr(token_hash, 1, 16), 'hex');
alter table worker_join_token alter column id set not null;
create unique index worker_join_token_id on worker_join_token (id);
