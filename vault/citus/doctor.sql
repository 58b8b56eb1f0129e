-- One row for each check of a Citus cluster that is not about the catalogue of the coordinator:
-- subject, whether it is as it should be, and what to do if not.
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

),

-- Every node's own catalogue. Citus makes functions and databases on a new node without what was
-- revoked from everyone.
answers as (

    select
        a.nodename,
        a.nodeport,
        a.success,
        a.result
    from
        run_command_on_workers($query$
            select coalesce(string_agg(o.name, ', '), 'nothing')
            from (
                select p.oid::regprocedure::text as name
                from pg_proc as p
                inner join pg_namespace as n on p.pronamespace = n.oid
                cross join lateral aclexplode(coalesce(p.proacl, acldefault('f', p.proowner))) as a
                where n.nspname in ('raw', 'vault') and a.grantee = 0
                union all
                select 'the database'
                from pg_database as d
                cross join lateral aclexplode(coalesce(d.datacl, acldefault('d', d.datdba))) as a
                where d.datname = current_database() and a.grantee = 0
                union all
                select 'the log of ' || r.rolname
                from pg_roles as r
                left join pg_db_role_setting as s on r.oid = s.setrole and s.setdatabase = 0
                where
                    r.rolname in ('login_owner', 'login_loader', 'login_transformer', 'login_recovery')
                    and not coalesce(
                        s.setconfig @> array['log_statement=none', 'log_min_error_statement=panic'],
                        false
                    )
            ) as o
        $query$) as a

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
    'run `python -m vault init`' as remedy
from tables as t
where t.table_name = 'vault.masking_key'
union all
select
    'citus: ' || t.table_name || ' is distributed by message_id, with raw_logins' as subject,
    coalesce(
        t.distributed_by = 'message_id' and t.colocation_id = logins.colocation_id, false
    ) as is_ok,
    case
        when t.is_raw then 'run `python -m vault init`'
        else 'run `dbt build --full-refresh`'
    end as remedy
from tables as t
left join tables as logins on logins.table_name = 'raw.raw_logins'
where t.table_name <> 'vault.masking_key'
union all
select
    'citus: node ' || a.nodename || ':' || a.nodeport || ' is open to nobody' as subject,
    coalesce(a.success and a.result = 'nothing', false) as is_ok,
    case
        when a.success
            then a.result || ': let a superuser run `python -m vault init`, as after a new node'
        else 'it does not answer: ' || a.result
    end as remedy
from answers as a
order by subject
