-- First statement of every transaction: drop to the least rights, and keep raw
-- values out of the server log. Local to the transaction, so that it also holds behind a pooler.
--
-- idle_in_transaction_session_timeout: a loader whose machine has gone must not keep others from
-- the messages it was about to land.
-- terse: an error's DETAIL and CONTEXT quote the offending value.
-- log_parameter_max_length*: raw values travel as parameters.
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
select set_config('idle_in_transaction_session_timeout', '60s', true)
