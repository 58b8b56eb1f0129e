-- The first statements of every transaction.

-- name: pin_search_path
-- The first statement of a transaction, before any other is parsed. A role that may create
-- functions in a schema of the path could otherwise put one in the place of a built-in.
set local search_path = pg_catalog, pg_temp;

-- name: begin
-- The second: take the rights of one role, keep raw values out of the server log, and set what
-- later statements rely on, whatever the database or the login sets. All of it is local to the
-- transaction, so that it also holds behind a pooler.
--
-- terse: an error's DETAIL and CONTEXT quote the offending value.
-- log_parameter_max_length*: raw values travel as parameters.
-- idle_in_transaction_session_timeout: a client that vanishes must not keep its locks.
select set_config('role', %(role)s, true)
union all
select set_config(p.name, p.value, true)
from (
    values
    ('log_error_verbosity', 'terse'),
    ('log_parameter_max_length', '0'),
    ('log_parameter_max_length_on_error', '0')
) as p (name, value)
where has_parameter_privilege(%(role)s, p.name, 'SET')
union all
select set_config(p.name, p.value, true)
from (
    values
    ('datestyle', 'ISO'),
    ('idle_in_transaction_session_timeout', '60s'),
    ('quote_all_identifiers', 'off'),
    ('standard_conforming_strings', 'on')
) as p (name, value)
union all
-- A message is deleted after its commit, which must therefore outlast a crash of the server.
select set_config('synchronous_commit', 'on', true)
where current_setting('synchronous_commit') = 'off';
