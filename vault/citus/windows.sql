-- The clock of transactions that span nodes. docs/citus.md, "No row is missed", tells why.
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
    if current_setting('transaction_isolation') <> 'read committed' then
        raise exception 'build in transactions of isolation level read committed';
    end if;
    -- The coordinator ends a transaction before the other nodes commit their parts. Until
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
'The transactions that have ended here and not yet on every node';

create or replace function raw.finished_before() returns xid8
language sql
set search_path = pg_catalog, pg_temp as $$
    -- The snapshot is older than what the nodes answer: what they do not name, it sees complete.
    select least(pg_snapshot_xmin(pg_current_snapshot()), min(u.xid))
    from unnest(raw.unfinished()) as u (xid)
$$;

create or replace function raw.lock_builds() returns void
language plpgsql
set search_path = pg_catalog, pg_temp as $$
declare
    last_moment constant timestamptz := clock_timestamp() + interval '10 seconds';
    newest xid8;
begin
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

create or replace function raw.require_finished(models text[]) returns void
language plpgsql
set search_path = pg_catalog, pg_temp as $$
declare
    unfinished constant xid8[] := raw.unfinished();
begin
    -- The last build, an erasure, a new key have left their transaction's id in the rows of windows.
    if exists (
        select from raw.model_windows as w
        where w.model = any(models) and raw.with_epoch(w.xmin) = any(unfinished)
    ) then
        raise exception 'what came before is not finished on every node: run again in a minute';
    end if;
end
$$;

revoke all on function raw.unfinished(), raw.with_epoch(xid) from public;
grant execute on function raw.unfinished(), raw.with_epoch(xid) to login_transformer;

reset role;
