-- Which tables of dbt's run code when they are changed.
set local role login_owner;

create or replace function vault.has_triggers(model oid) returns boolean
language sql
set search_path = pg_catalog, pg_temp as $$
    select exists (
        select from pg_trigger as t
        where
            t.tgrelid = model
            -- by which Citus empties the shards of a distributed table
            and not (t.tgisinternal and t.tgfoid = to_regproc('citus_truncate_trigger'))
    )
$$;

reset role;
