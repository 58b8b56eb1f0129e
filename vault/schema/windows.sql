-- The clock by which models read what has landed: see dbt_project/macros/landed_window.sql.
set local role login_owner;

create or replace function raw.finished_before() returns xid8
language sql
set search_path = pg_catalog, pg_temp as $$
    select pg_snapshot_xmin(pg_current_snapshot())
$$;
comment on function raw.finished_before() is
'All transactions below this have ended, and what they landed is visible';

create or replace function raw.lock_builds() returns void
language plpgsql
set search_path = pg_catalog, pg_temp as $$
begin
    -- A build holds a row of this table from its pre-hook to its commit.
    lock table raw.model_windows in exclusive mode;
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
    perform login_audit.add('restamp', '{}');
end
$$;
comment on function raw.restamp() is
'Renumber the transactions of another cluster, from which this database was restored';

reset role;
