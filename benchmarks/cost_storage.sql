-- Bytes of tables, with TOAST, and of their indexes.
select
    c.relname::text as name,
    pg_table_size(c.oid) as table_bytes,
    pg_indexes_size(c.oid) as index_bytes
from pg_class as c
inner join pg_namespace as n on c.relnamespace = n.oid
where c.relkind = 'r' and n.nspname in ('raw', 'public')
