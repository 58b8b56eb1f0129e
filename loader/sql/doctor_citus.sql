-- One row for each check of a Citus cluster, as in doctor.sql.
with

tables as (

    select
        p.partmethod as method,
        p.colocationid as colocation_id,
        n.nspname || '.' || c.relname as table_name,
        case
            when p.partmethod = 'h' then column_to_column_name(c.oid, p.partkey)
        end as distributed_by,
        n.nspname in ('raw', 'vault') as is_raw
    from pg_class as c
    inner join pg_namespace as n on c.relnamespace = n.oid
    left join pg_dist_partition as p on c.oid = p.logicalrelid
    where
        n.nspname || '.' || c.relname in (
            'raw.raw_logins', 'raw.quarantined_messages', 'vault.masking_key'
        )
        or c.relkind = 'r'
        and c.relowner::regrole::text = 'login_transformer'
        and exists (
            select from pg_attribute as a
            where a.attrelid = c.oid and a.attname = 'message_id'
        )

)

select
    'citus: this is the coordinator' as subject,
    g.groupid = 0 as is_ok,
    'let PGHOST, PGPORT name the coordinator: transactions are counted there' as remedy
from pg_dist_local_group as g
union all
select
    'citus: ' || t.table_name || ' is on every node' as subject,
    coalesce(t.method = 'n', false) as is_ok,
    'run `python -m loader init`' as remedy
from tables as t
where t.table_name = 'vault.masking_key'
union all
select
    'citus: ' || t.table_name || ' is distributed by message_id, with raw_logins' as subject,
    coalesce(
        t.distributed_by = 'message_id' and t.colocation_id = logins.colocation_id, false
    ) as is_ok,
    case
        when t.is_raw then 'run `python -m loader init`'
        else 'run `dbt build --full-refresh`'
    end as remedy
from tables as t
left join tables as logins on logins.table_name = 'raw.raw_logins'
where t.table_name <> 'vault.masking_key'
union all
select
    'citus: the nodes do not log what ' || r.rolname || ' is given' as subject,
    coalesce(
        s.setconfig @> array['log_statement=none', 'log_min_error_statement=panic'], false
    ) as is_ok,
    'let a superuser run `python -m loader init`, or set what schema/01_roles.sql sets' as remedy
from pg_roles as r
left join pg_db_role_setting as s on r.oid = s.setrole and s.setdatabase = 0
where r.rolname in ('login_owner', 'login_loader', 'login_transformer', 'login_recovery')
order by subject
