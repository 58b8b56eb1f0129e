-- The windows of transaction ids that models read: dbt_project/macros/landed_window.sql says why.
set local role login_owner;

create or replace function raw.finished_before() returns xid8
language sql
set search_path = pg_catalog, pg_temp as $$
    select pg_snapshot_xmin(pg_current_snapshot())
$$;
comment on function raw.finished_before() is
'All transactions below this id have ended, and their messages are visible';

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

create or replace function raw.require_finished(models text[]) returns void
language sql
set search_path = pg_catalog, pg_temp as $$
    -- What has ended has ended on this server. A cluster has another function of this name.
    select
$$;
comment on function raw.require_finished(text[]) is
'Fail while the last change of a window has not ended on every node';

create or replace function raw.window_state(own text, followed text) returns jsonb
language plpgsql
stable
set search_path = pg_catalog, pg_temp as $$
declare
    -- Alone: a query of a cluster's shards takes no parameters from around it.
    is_purged constant boolean := exists (
        select 1 from raw.raw_logins as r where r.removed = 'purged'
    );
begin
    return (
        select jsonb_build_object(
            'newest', coalesce(vault.key_chain(), ''),
            'published', coalesce(o.key_chain, ''),
            'made', coalesce(o.made_xid, '0')::text,
            'followed_made', coalesce(f.made_xid, '0')::text,
            'purged', is_purged
        )
        from (values (own, followed)) as names (own, followed)
        left join raw.model_windows as o on names.own = o.model
        left join raw.model_windows as f on names.followed = f.model
    );
end
$$;
comment on function raw.window_state(text, text) is
'The state that decides how a model is built: the newest keys, the keys of the published masks, '
'the last full build of the model and of the one that it follows, and whether bodies were purged';

create or replace function raw.open_window(
    own text, followed text, is_anew boolean, planned jsonb
) returns void
language plpgsql
set search_path = pg_catalog, pg_temp as $$
declare
    newest xid8;
begin
    -- An error's detail would quote the row, in the server log.
    perform set_config('log_error_verbosity', 'terse', true)
    where has_parameter_privilege(current_user, 'log_error_verbosity', 'SET');

    -- The locks come first, and each statement sees what was committed before it: of two builds at
    -- once, the second looks after the first has ended. They also keep erasure, purge and rotation
    -- out until the build has ended, and the rows of a followed model still while others count them.
    insert into raw.model_windows (model) values (own) on conflict do nothing;
    if own <> followed then
        perform from raw.model_windows as w where w.model = followed for share;
        if not found then
            raise exception '% is not built: build it first', followed;
        end if;
    end if;
    perform from raw.model_windows as w where w.model = own for update;
    perform raw.require_finished(array[own, followed]);

    if raw.window_state(own, followed) is distinct from planned then
        raise exception 'published anew or purged while this build waited: run it again';
    end if;
    -- First, and then the snapshot: something may land meanwhile.
    newest := (select max(r.landed_xid) from raw.raw_logins as r);
    if newest >= pg_snapshot_xmax(pg_current_snapshot()) or exists (
        select from raw.model_windows as w
        where w.last_xid > pg_snapshot_xmax(pg_current_snapshot())
    ) then
        raise exception using
            message = 'rows landed in the future: this database was restored from another cluster',
            hint = 'python -m vault restamp';
    end if;

    update raw.model_windows as w
    set
        first_xid = case when is_anew then '0' else w.last_xid end,
        -- Never back.
        last_xid = greatest(
            w.last_xid, case when own = followed then raw.finished_before() else f.last_xid end
        ),
        key_chain = case
            when not is_anew then w.key_chain
            when own = followed then planned ->> 'newest'
            else f.key_chain
        end,
        made_xid = case
            when not is_anew then w.made_xid
            when own = followed then pg_current_xact_id()
            else f.made_xid
        end
    from raw.model_windows as f
    where w.model = own and f.model = followed;
end
$$;
comment on function raw.open_window(text, text, boolean, jsonb) is
'Lock the window of a model for this transaction, and move it to the transactions that the build '
'reads, [first_xid, last_xid). user_logins follows the landed messages, other models follow '
'user_logins';

create or replace function raw.restamp() returns void
language plpgsql
set search_path = pg_catalog, pg_temp as $$
declare
    marks constant xid8[] := (
        select coalesce(array_agg(distinct m.xid order by m.xid), '{0}')
        from raw.model_windows as w
        cross join lateral unnest(array[w.first_xid, w.last_xid, w.made_xid]) as m (xid)
    );
    model regclass;
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
        made_xid = width_bucket(made_xid, marks)::text::xid8;
    -- user_logins has them too.
    for model in
        select t.model
        from raw.model_windows as w
        cross join lateral vault.model_table(w.model) as t (model)
        inner join pg_attribute as a on a.attrelid = t.model and a.attname = 'landed_xid'
    loop
        execute format(
            'update only %s set landed_xid = width_bucket(landed_xid, $1)::text::xid8', model
        ) using marks;
    end loop;
    perform login_audit.add('restamp', '{}');
end
$$;
comment on function raw.restamp() is
'Give messages new transaction ids, after a restore from another cluster';

reset role;
