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
-- log_parameter*: raw values travel as parameters.
-- auto_explain, debug_print_*: a plan or tree has the values of parameters in it, also of a
-- statement inside a function, and so what the function reads. Anybody may set debug_print_*.
-- idle_in_transaction_session_timeout: a client that vanishes must not keep its locks.
select set_config('role', %(role)s, true)
union all
select set_config(p.name, p.value, true)
from (
    values
    ('auto_explain.log_min_duration', '-1'),
    ('log_error_verbosity', 'terse'),
    ('log_parameter_max_length', '0'),
    ('pgaudit.log_parameter', 'off')
) as p (name, value)
where
    has_parameter_privilege(%(role)s, p.name, 'SET')
    and current_setting(p.name, true) is not null -- its library is loaded
union all
select set_config(p.name, p.value, true)
from (
    values
    ('datestyle', 'ISO'),
    ('debug_print_parse', 'off'),
    ('debug_print_plan', 'off'),
    ('debug_print_rewritten', 'off'),
    ('idle_in_transaction_session_timeout', '60s'),
    ('log_parameter_max_length_on_error', '0'),
    ('quote_all_identifiers', 'off'),
    ('standard_conforming_strings', 'on')
) as p (name, value)
union all
-- A message is deleted after its commit, which must therefore outlast a crash of the server.
select set_config('synchronous_commit', 'on', true)
where current_setting('synchronous_commit') = 'off';

-- name: logged
-- What of the above the server logs all the same, as the statements that end it; null if nothing.
with

parameters as (

    select
        case
            when
                current_setting('log_statement') in ('mod', 'all')
                or current_setting('log_min_duration_statement') <> '-1'
                or current_setting('log_min_duration_sample') <> '-1'
                or current_setting('log_transaction_sample_rate') <> '0'
                or current_setting('log_duration') = 'on'
                and current_setting('log_statement') <> 'none'
                then current_setting('log_parameter_max_length')
        end as longest

),

settings (name, is_now, quiet) as (

    select
        'log_parameter_max_length',
        parameters.longest,
        '0'
    from parameters
    union all
    values
    (
        'auto_explain.log_min_duration',
        current_setting('auto_explain.log_min_duration', true),
        '-1'
    ),
    ('pgaudit.log_parameter', current_setting('pgaudit.log_parameter', true), 'off')

)

select
    string_agg(
        format('alter role %%I set %%s = %%s', session_user, settings.name, settings.quiet),
        '; ' order by settings.name
    ) as remedy
from settings
where settings.is_now <> settings.quiet;
