-- What the files of loader/schema are told. On Citus, DDL that comes after a statement of many
-- shards must go to the nodes over the same connection as that statement.
select set_config('loader.target_schema', %(target_schema)s, true)
union all
select set_config('citus.multi_shard_modify_mode', 'sequential', true)
from pg_extension
where extname = 'citus'
