-- The clock by which models read what has landed: see dbt_project/macros/landed_window.sql.
set local role login_owner;

create or replace function raw.finished_before() returns xid8
language plpgsql
set search_path = pg_catalog, pg_temp as $$
declare
    finished constant xid8 := pg_snapshot_xmin(pg_current_snapshot());
    newest constant bigint := pg_snapshot_xmax(pg_current_snapshot())::text::bigint;
    unfinished text[] := '{}';
    node record;
begin
    if to_regclass('pg_dist_transaction') is null then
        return finished;
    end if;
    -- On Citus the coordinator ends a transaction before the other nodes commit their parts. Until
    -- then these parts are prepared transactions, and the coordinator knows which of its own
    -- transactions they belong to. First the snapshot, then the nodes, then its notes: what is
    -- not found has been committed everywhere.
    for node in
        select n.nodename, n.nodeport, n.success, n.result
        from run_command_on_workers(
            'select string_agg(gid, '' '') from pg_prepared_xacts where database = current_database()'
        ) as n
    loop
        if not node.success then
            raise exception 'node %:% does not answer: run again when it does', node.nodename, node.nodeport;
        end if;
        unfinished := unfinished || string_to_array(node.result, ' ');
    end loop;
    return least(
        finished,
        (
            -- xmin: the transaction that wrote the note, in 32 bits
            select min((newest - (newest - t.xmin::text::bigint & 4294967295))::text::xid8)
            from pg_dist_transaction as t
            where t.gid = any(unfinished)
        )
    );
end
$$;
comment on function raw.finished_before() is
'All transactions below this have ended, and what they landed is visible, on every node';

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
