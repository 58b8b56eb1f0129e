-- The catalogue is readable by everyone, the tables are not.
select 1 as installed
from pg_class as c
inner join pg_namespace as n on c.relnamespace = n.oid
where n.nspname = 'raw' and c.relname = 'raw_logins'
