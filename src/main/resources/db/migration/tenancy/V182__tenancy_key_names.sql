-- Why: whoever reads who did something finds the key: its name may be another's too, its id is not. And of two keys of
-- one name it is seen which replaces which.
-- Lock: ACCESS EXCLUSIVE on api_key for a column without a default. Duration: milliseconds.
alter table api_key add column replaces text;

-- How an account or a key is told to people: a person by email, a key with its owner, where that has another name.
create or replace function account_name(account text) returns text language sql stable parallel safe
  as $$ select coalesce((select email from person where id = account),
                        (select case when coalesce(p.email, s.name, k.name) = k.name then k.name
                                     else coalesce(p.email, s.name) || ' with key ' || k.name end
                                || ' (' || k.id || ')'
                           from api_key k
                           left join person p on p.id = k.person_id
                           left join service_account s on s.id = k.service_account_id
                          where k.id = account),
                        (select name from service_account where id = account),
                        account) $$;
