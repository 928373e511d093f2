-- Why: the organisation's side of departments: archiving, people and their roles, service accounts, keys with an owner,
-- scopes and a name, and administrators' keys, which belong to no department. A key that was there gets a service
-- account of its own. Lock: access exclusive on department and api_key, which are small. Duration: milliseconds.
alter table department
  add column archived_at timestamptz,
  -- Stands in the names of its models; stays as it is when the department is renamed.
  add column slug text not null default 'department' check (slug ~ '^[a-z0-9][a-z0-9-]{0,62}$');
update department set slug = name;
alter table department drop constraint department_name_key;
create unique index department_name on department (lower(name));

create table person (
  id         text collate "C" primary key,
  email      text not null check (email like '%_@_%'),
  name       text,
  created_at timestamptz not null
);
create unique index person_email on person (lower(email));

create table department_member (
  department_id text not null references department (id),
  person_id     text collate "C" not null references person (id),
  role          text not null check (role in ('owner', 'member')),
  added_at      timestamptz not null,
  primary key (department_id, person_id)
);
create index department_member_person on department_member (person_id);

create table service_account (
  id            text collate "C" primary key,
  department_id text not null references department (id),
  name          text not null,
  -- none: its keys open nothing
  role          text not null check (role in ('owner', 'member', 'none')),
  created_at    timestamptz not null,
  deleted_at    timestamptz
);
create index service_account_list on service_account (department_id, id);

insert into service_account (id, department_id, name, role, created_at)
select 'svc_acct_' || substr(id, 5), department_id, 'key create',
       case scope when 'ADMIN' then 'owner' else 'member' end, created_at
  from api_key;

alter table api_key
  alter column department_id drop not null,
  add column name               text not null default 'key create',
  -- opens the organisation too
  add column admin              boolean not null default false,
  add column service_account_id text collate "C" references service_account (id),
  add column person_id          text collate "C" references person (id),
  -- names of permissions; null = all that its owner may do
  add column scopes             text[],
  -- id of the key or person that asked for it; null = a command on the server
  add column created_by         text;
update api_key set admin = scope = 'ADMIN', service_account_id = 'svc_acct_' || substr(id, 5);
alter table api_key
  drop column scope,
  add constraint api_key_owner check (
    case when department_id is null then admin and service_account_id is null
         else num_nonnulls(service_account_id, person_id) = 1 end);
create index api_key_service_account on api_key (service_account_id);
