-- The statements of the loader and of its door to Postgres.

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

-- name: is_set_up
-- Everybody may read the catalogue, also those who may not read the table.
select count(*) = 1 as is_set_up
from pg_class as c
inner join pg_namespace as n on c.relnamespace = n.oid
where n.nspname = 'raw' and c.relname = 'raw_logins';

-- name: land
select
    landed,
    quarantined
from
    raw.land(
        %(load_id)s,
        %(message_id)s,
        %(body)s,
        %(sent_at)s::timestamptz[],
        %(receive_count)s::integer[],
        %(attributes)s,
        %(body_md5)s::text[]
    );

-- name: receipt
insert into raw.loads (load_id, received, landed, already_there, quarantined)
values (%(load_id)s, %(received)s, %(landed)s, %(already_there)s, %(quarantined)s);

-- name: missing_rights
select
    is_read_only,
    denied
from raw.missing_rights();
