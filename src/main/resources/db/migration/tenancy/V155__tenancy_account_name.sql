-- Why: people are told who paused, cancelled or decided something, not the id of an account. Lock: none. Duration: none.
create function account_name(account text) returns text language sql stable parallel safe
  as $$ select coalesce((select email from person where id = account),
                        (select name from service_account where id = account),
                        (select name from api_key where id = account),
                        account) $$;
