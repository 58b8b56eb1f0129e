-- What the loader of 375fad3 executes to land a chunk, as it stands there in loader/sql: in one
-- transaction, after a look whether the database is set up. The parameters are those of the loader.

-- pin_search_path.sql
set local search_path = pg_catalog, pg_temp;

-- is_installed.sql
select 1 as installed
from pg_class as c
inner join pg_namespace as n on c.relnamespace = n.oid
where n.nspname = 'raw' and c.relname = 'raw_logins';

-- begin.sql
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
select set_config('idle_in_transaction_session_timeout', '60s', true);

-- land.sql
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

-- receipt.sql
insert into raw.loads (load_id, received, landed, already_there, quarantined)
values (%(load_id)s, %(received)s, %(landed)s, %(already_there)s, %(quarantined)s);
