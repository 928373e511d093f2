-- Why: base models, registered by name for all departments; a row never changes.
-- Lock: none that matters, the table is new. Duration: milliseconds.
create table base_model (
  name           text primary key check (name ~ '^[a-z0-9][a-z0-9._-]{0,62}$'),
  family         text not null,
  -- SHA-256 of the manifest blob that names every file of the model directory.
  manifest       text not null check (manifest ~ '^[0-9a-f]{64}$'),
  parameters     bigint not null check (parameters > 0),
  -- max_position_embeddings, in tokens
  context_length int not null check (context_length > 0),
  bytes          bigint not null check (bytes > 0),
  created_at     timestamptz not null
);
