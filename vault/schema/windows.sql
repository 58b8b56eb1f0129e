-- The clock by which models read what has landed: see dbt_project/macros/landed_window.sql.
set local role login_owner;

create or replace function raw.with_epoch(id xid) returns xid8
language sql
set search_path = pg_catalog, pg_temp as $$
    -- The one nearest to the newest: ids wrap around, and never differ by more than 2^31.
    select (
        n.newest + (id::text::bigint - n.newest + 2147483648 & 4294967295) - 2147483648
    )::text::xid8
    from (select pg_snapshot_xmax(pg_current_snapshot())::text::bigint) as n (newest)
$$;
comment on function raw.with_epoch(xid) is
'The transaction that a row names by 32 bits (its xmin)';

create or replace function raw.unfinished() returns xid8[]
language plpgsql
set search_path = pg_catalog, pg_temp as $$
declare
    node record;
    parts text[] := '{}';
begin
    if to_regclass('pg_dist_transaction') is null then
        return '{}';
    end if;
    if current_setting('transaction_isolation') <> 'read committed' then
        raise exception 'build in transactions of isolation level read committed';
    end if;
    -- On Citus the coordinator ends a transaction before the other nodes commit their parts. Until
    -- then these parts are prepared transactions there, and the coordinator has notes of which of
    -- its own transactions they belong to.
    for node in
        select n.nodename, n.nodeport, n.success, n.result
        from run_command_on_workers(
            'select string_agg(gid, '' '') from pg_prepared_xacts where database = current_database()'
        ) as n
    loop
        if not node.success then
            raise exception 'node %:% does not answer: run again when it does',
                node.nodename, node.nodeport;
        end if;
        parts := parts || string_to_array(node.result, ' ');
    end loop;
    return array(
        select raw.with_epoch(t.xmin) from pg_dist_transaction as t
        where t.gid = any(parts)
    );
end
$$;
comment on function raw.unfinished() is
'The transactions that have ended here and not yet on every node of a Citus cluster';

create or replace function raw.finished_before() returns xid8
language sql
set search_path = pg_catalog, pg_temp as $$
    -- The snapshot is older than what the nodes answer: what they do not name, it sees complete.
    select least(pg_snapshot_xmin(pg_current_snapshot()), min(u.xid))
    from unnest(raw.unfinished()) as u (xid)
$$;
comment on function raw.finished_before() is
'All transactions below this have ended, and what they landed is visible, on every node';

create or replace function raw.lock_builds() returns void
language plpgsql
set search_path = pg_catalog, pg_temp as $$
declare
    last_moment constant timestamptz := clock_timestamp() + interval '10 seconds';
    newest xid8;
begin
    -- A build holds a row of this table from its pre-hook to its commit: wait for it, and keep others
    -- waiting.
    lock table raw.model_windows in exclusive mode;
    -- What has ended before us is to be seen on every node.
    newest := pg_snapshot_xmax(pg_current_snapshot());
    while newest > any(raw.unfinished()) loop
        if clock_timestamp() > last_moment then
            raise exception 'what came before is not finished on every node: run again in a minute';
        end if;
        perform pg_sleep(0.1);
    end loop;
    -- The rows then name us, and a build waits until we have ended on every node.
    update raw.model_windows set model = model;
end
$$;
comment on function raw.lock_builds() is
'Wait for builds, and keep others waiting until this transaction ends';

create or replace function raw.restamp() returns void
language plpgsql
set search_path = pg_catalog, pg_temp as $$
declare
    marks constant xid8[] := (
        select coalesce(array_agg(distinct m.xid order by m.xid), '{0}')
        from raw.model_windows as w
        cross join lateral unnest(array[w.first_xid, w.last_xid, w.next_xid, w.made_xid]) as m (xid)
    );
begin
    -- Ids become their rank among the ends of all windows. What a window holds it still holds, and
    -- what it does not hold it still has to read; and every id is below those that this cluster
    -- will give.
    update raw.raw_logins set landed_xid = width_bucket(landed_xid, marks)::text::xid8;
    update raw.quarantined_messages set landed_xid = width_bucket(landed_xid, marks)::text::xid8;
    update raw.loads set landed_xid = width_bucket(landed_xid, marks)::text::xid8;
    update raw.model_windows
    set
        first_xid = width_bucket(first_xid, marks)::text::xid8,
        last_xid = width_bucket(last_xid, marks)::text::xid8,
        next_xid = width_bucket(next_xid, marks)::text::xid8,
        made_xid = width_bucket(made_xid, marks)::text::xid8;
end
$$;
comment on function raw.restamp() is
'Renumber the transactions of another cluster, from which this database was restored';

reset role;
