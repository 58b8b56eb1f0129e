SET statement_timeout = 0;
SET lock_timeout = 0;
SET idle_in_transaction_session_timeout = 0;
SET client_encoding = 'UTF8';
SET standard_conforming_strings = on;
SELECT pg_catalog.set_config('search_path', '', false);
SET check_function_bodies = false;
SET xmloption = content;
SET client_min_messages = warning;
SET row_security = off;
CREATE SCHEMA raw;
ALTER SCHEMA raw OWNER TO login_owner;
CREATE SCHEMA vault;
ALTER SCHEMA vault OWNER TO login_owner;
CREATE EXTENSION IF NOT EXISTS pgcrypto WITH SCHEMA public;
CREATE FUNCTION raw.finished_before() RETURNS xid8
    LANGUAGE sql
    SET search_path TO 'pg_catalog', 'pg_temp'
    AS $$
    -- The snapshot is older than what the nodes answer: what they do not name, it sees complete.
    select least(pg_snapshot_xmin(pg_current_snapshot()), min(u.xid))
    from unnest(raw.unfinished()) as u (xid)
$$;
ALTER FUNCTION raw.finished_before() OWNER TO login_owner;
CREATE FUNCTION raw.land(load uuid, message_ids text[], bodies text[], sent_ats timestamp with time zone[], receive_counts integer[], attribute_texts text[], body_md5s text[], OUT landed integer, OUT quarantined integer) RETURNS record
    LANGUAGE plpgsql
    SET search_path TO 'pg_catalog', 'pg_temp'
    AS $_$
declare
    messages constant integer := cardinality(message_ids);
    middle constant integer := messages / 2;
    -- On Citus ON CONFLICT takes a connection for each shard, a plain insert one for each node: so
    -- that is tried first, and is all there is to do unless a message is delivered again.
    may_be_there boolean := to_regclass('pg_dist_partition') is null;
    code text;
    problem text;
    half record;
    part record;
begin
    landed := 0;
    quarantined := 0;
    if not may_be_there then
        if (select l.groupid <> 0 from pg_dist_local_group as l) then
            raise insufficient_privilege using
                message = 'this node is not the coordinator, on which messages are landed';
        end if;
    end if;
    while code is null loop
        begin
            -- ON CONFLICT without a target needs no right to read the table.
            execute
                'insert into raw.raw_logins ('
                ' message_id, body, sent_at, receive_count, attributes, body_md5, load_id)'
                ' select m.message_id, m.body::jsonb, m.sent_at, m.receive_count,'
                '  m.attributes::jsonb, m.body_md5, $7'
                ' from unnest($1, $2, $3, $4, $5, $6)'
                '  as m (message_id, body, sent_at, receive_count, attributes, body_md5)'
                || case when may_be_there then ' on conflict do nothing' else '' end
            using
                message_ids, bodies, sent_ats, receive_counts, attribute_texts, body_md5s, load;
            get diagnostics landed = row_count;
            return;
        exception
            -- What jsonb cannot hold. An error that is caught here never reaches the server log,
            -- where its CONTEXT would quote the body.
            when data_exception or program_limit_exceeded then
                get stacked diagnostics code = returned_sqlstate, problem = message_text;
            when integrity_constraint_violation or internal_error then -- as Citus reports it
                get stacked diagnostics code = returned_sqlstate, problem = message_text;
                if may_be_there then
                    raise exception using errcode = code, message = problem; -- without DETAIL: the row
                end if;
                may_be_there := true;
                code := null;
        end;
    end loop;
    if messages = 1 then
        insert into raw.quarantined_messages (
            message_id, body, sent_at, receive_count, attributes, body_md5, load_id, sqlstate, reason
        )
        -- Not VALUES, which Citus would send to the node in the text of a statement.
        select m.*, load, code, problem
        from unnest(message_ids, bodies, sent_ats, receive_counts, attribute_texts, body_md5s) as m
        on conflict do nothing;
        get diagnostics quarantined = row_count;
        return;
    end if;
    -- Halve until what is refused stands alone, and its neighbours have landed.
    for half in select * from (values (1, middle), (middle + 1, messages)) as h (first, last) loop
        select * into part
        from raw.land(
            load,
            message_ids[half.first:half.last],
            bodies[half.first:half.last],
            sent_ats[half.first:half.last],
            receive_counts[half.first:half.last],
            attribute_texts[half.first:half.last],
            body_md5s[half.first:half.last]
        );
        landed := landed + part.landed;
        quarantined := quarantined + part.quarantined;
    end loop;
end
$_$;
ALTER FUNCTION raw.land(load uuid, message_ids text[], bodies text[], sent_ats timestamp with time zone[], receive_counts integer[], attribute_texts text[], body_md5s text[], OUT landed integer, OUT quarantined integer) OWNER TO login_owner;
CREATE FUNCTION raw.lock_builds() RETURNS void
    LANGUAGE plpgsql
    SET search_path TO 'pg_catalog', 'pg_temp'
    AS $$
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
ALTER FUNCTION raw.lock_builds() OWNER TO login_owner;
CREATE FUNCTION raw.restamp() RETURNS void
    LANGUAGE plpgsql
    SET search_path TO 'pg_catalog', 'pg_temp'
    AS $$
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
ALTER FUNCTION raw.restamp() OWNER TO login_owner;
CREATE FUNCTION raw.unfinished() RETURNS xid8[]
    LANGUAGE plpgsql
    SET search_path TO 'pg_catalog', 'pg_temp'
    AS $$
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
ALTER FUNCTION raw.unfinished() OWNER TO login_owner;
CREATE FUNCTION raw.with_epoch(id xid) RETURNS xid8
    LANGUAGE sql
    SET search_path TO 'pg_catalog', 'pg_temp'
    AS $$
    -- The one nearest to the newest: ids wrap around, and never differ by more than 2^31.
    select (
        n.newest + (id::text::bigint - n.newest + 2147483648 & 4294967295) - 2147483648
    )::text::xid8
    from (select pg_snapshot_xmax(pg_current_snapshot())::text::bigint) as n (newest)
$$;
ALTER FUNCTION raw.with_epoch(id xid) OWNER TO login_owner;
CREATE FUNCTION vault.empty_out(message_ids text[]) RETURNS void
    LANGUAGE sql
    SET search_path TO 'pg_catalog', 'pg_temp'
    AS $$
    update raw.raw_logins as r
    set body = null, attributes = null, body_md5 = null, removed = 'erased', removed_at = now()
    where r.message_id = any(message_ids);
    update raw.quarantined_messages as q
    set body = null, attributes = null, body_md5 = null, removed = 'erased', removed_at = now()
    where q.message_id = any(message_ids);
$$;
ALTER FUNCTION vault.empty_out(message_ids text[]) OWNER TO login_owner;
CREATE FUNCTION vault.erase(user_id text) RETURNS integer
    LANGUAGE plpgsql
    SET search_path TO 'pg_catalog', 'pg_temp'
    AS $_$
declare
    user_hash constant text := encode(
        public.hmac(
            convert_to(user_id, 'UTF8'),
            (select k.secret from vault.masking_key as k where k.domain = 'erasure'),
            'sha256'
        ), 'hex'
    );
    -- Where nothing says which user it is, the id may stand anywhere, but as a word of its own.
    word constant text := '(?<![[:alnum:]_.@+-])'
        || regexp_replace(user_id, '([^[:alnum:]])', '\\\1', 'g') || '(?![[:alnum:]_.@+-])';
    erased integer;
    found text[];
    more text[];
begin
    erased := vault.erase_hashes(array[user_hash]);
    -- What is no login has its user anywhere. MATERIALIZED: the id is compared here, and sent to no
    -- other node of a cluster.
    with others as materialized (
        select
            r.message_id,
            r.body
        from raw.raw_logins as r
        where r.body is not null and jsonb_typeof(r.body -> 'user_id') is distinct from 'string'
    )
    select coalesce(array_agg(o.message_id), '{}') into found
    from others as o
    where
        jsonb_path_exists(o.body, '$.** ? (@ == $user)', jsonb_build_object('user', user_id))
        or jsonb_typeof(o.body) = 'string' and o.body #>> '{}' ~ word;
    perform vault.unpublish(found);
    with others as materialized (
        select
            q.message_id,
            q.body
        from raw.quarantined_messages as q
        where q.body !~ '"user_id"\s*:\s*"[^"\\]*"'
    )
    select array_agg(o.message_id) into more
    from others as o
    where o.body ~ word;
    found := found || more;
    perform vault.empty_out(found);
    erased := erased + cardinality(found);
    insert into vault.erasure (user_hash, messages) values (user_hash, erased);
    return erased;
end
$_$;
ALTER FUNCTION vault.erase(user_id text) OWNER TO login_owner;
CREATE FUNCTION vault.erase_hashes(user_hashes text[]) RETURNS integer
    LANGUAGE plpgsql
    SET search_path TO 'pg_catalog', 'pg_temp'
    AS $_$
declare
    model regclass;
    found text[];
    more text[];
begin
    if not exists (select 1 from vault.masking_key as k where k.domain = 'erasure') then
        raise exception 'there is no key of domain erasure: restore it, or hashes mean nothing';
    end if;
    perform raw.lock_builds();
    -- The key is read in each query, and is in the text and the parameters of none.
    select coalesce(array_agg(r.message_id), '{}') into found
    from raw.raw_logins as r
    where encode(
        public.hmac(
            convert_to(r.body ->> 'user_id', 'UTF8'),
            (select k.secret from vault.masking_key as k where k.domain = 'erasure'),
            'sha256'
        ), 'hex'
    ) = any(user_hashes);
    -- Of purged messages only the models still know whose they are.
    for model in select vault.model_table(w.model) from raw.model_windows as w order by w.model loop
        if exists (select from pg_attribute where attrelid = model and attname = 'user_id') then
            execute format(
                'select array_agg(m.message_id) from only %s as m where encode('
                'public.hmac(convert_to(m.user_id, ''UTF8''),'
                ' (select k.secret from vault.masking_key as k where k.domain = ''erasure''),'
                ' ''sha256''), ''hex'') = any($1)', model
            ) into more using user_hashes;
            found := found || more;
        end if;
    end loop;
    perform vault.unpublish(found);
    select array_agg(q.message_id) into more
    from raw.quarantined_messages as q
    where encode(
        public.hmac(
            convert_to(substring(q.body from '"user_id"\s*:\s*"([^"]*)'), 'UTF8'),
            (select k.secret from vault.masking_key as k where k.domain = 'erasure'),
            'sha256'
        ), 'hex'
    ) = any(user_hashes);
    found := found || more;
    perform vault.empty_out(found);
    return (select count(distinct m.id) from unnest(found) as m (id));
end
$_$;
ALTER FUNCTION vault.erase_hashes(user_hashes text[]) OWNER TO login_owner;
CREATE FUNCTION vault.key_chain() RETURNS text
    LANGUAGE sql STABLE
    SET search_path TO 'pg_catalog', 'pg_temp'
    AS $$
    select string_agg(c.domain || ':' || c.versions, ' ' order by c.domain)
    from (
        select
            k.domain,
            string_agg(k.version::text, '+' order by k.version) as versions
        from vault.masking_key as k
        where
            k.domain in ('device_id', 'ip')
            and k.version >= (
                select max(s.version) from vault.masking_key as s
                where s.domain = k.domain and not s.is_chained
            )
        group by k.domain
    ) as c
$$;
ALTER FUNCTION vault.key_chain() OWNER TO login_owner;
CREATE FUNCTION vault.model_table(model text) RETURNS regclass
    LANGUAGE plpgsql
    SET search_path TO 'pg_catalog', 'pg_temp'
    AS $$
declare
    schema_name constant text := split_part(model, '.', 1);
    found regclass;
begin
    found := to_regclass(format('%I.%I', schema_name, split_part(model, '.', 2)));
    if found is null then
        return null;
    end if;
    -- No code of login_transformer's may run with the rights of whoever asks: nothing but a plain
    -- table of its own is touched. Locked first, so that it stays one.
    if exists (select from pg_class where oid = found and relkind = 'r') then
        execute format('lock table only %s in row exclusive mode', found);
    end if;
    if schema_name in ('raw', 'vault') or not exists (
        select from pg_class as c
        where
            c.oid = found and c.relkind = 'r' and c.relowner = 'login_transformer'::regrole
            and not (c.relhasrules or c.relrowsecurity or c.relhassubclass)
            and not exists (
                select from pg_trigger as t
                where
                    t.tgrelid = c.oid
                    -- by which Citus empties the shards of a distributed table
                    and not (t.tgisinternal and t.tgfoid = to_regproc('citus_truncate_trigger'))
            )
            and not exists (
                select from pg_index as i
                where i.indrelid = c.oid and (i.indexprs is not null or i.indpred is not null)
            )
            and not exists (
                select from pg_attribute as a
                where
                    a.attrelid = c.oid and a.attnum > 0 and not a.attisdropped
                    and a.attname in ('message_id', 'user_id', 'masked_ip', 'masked_device_id')
                    and a.atttypid not in ('text'::regtype, 'varchar'::regtype)
            )
    ) then
        raise exception '% is no plain table of login_transformer''s: let dbt build it anew', model;
    end if;
    return found;
end
$$;
ALTER FUNCTION vault.model_table(model text) OWNER TO login_owner;
CREATE FUNCTION vault.next_version(wanted_domain text) RETURNS integer
    LANGUAGE sql STABLE
    SET search_path TO 'pg_catalog', 'pg_temp'
    AS $$
    select coalesce(max(v.version), 0) + 1
    from (
        select k.domain, k.version from vault.masking_key as k
        union all
        select d.domain, d.version from vault.destroyed_key as d
    ) as v
    where v.domain = wanted_domain
$$;
ALTER FUNCTION vault.next_version(wanted_domain text) OWNER TO login_owner;
CREATE FUNCTION vault.purge(older_than timestamp with time zone, after_id text, page integer) RETURNS TABLE(last_id text, purged integer)
    LANGUAGE plpgsql
    SET search_path TO 'pg_catalog', 'pg_temp'
    AS $_$
declare
    published constant text := (
        select s.value from vault.settings as s where s.name = 'published_schema'
    );
    logins regclass;
    rejected regclass;
begin
    perform raw.lock_builds();
    logins := vault.model_table(published || '.user_logins');
    rejected := vault.model_table(published || '.rejected_logins');
    if logins is null or rejected is null then
        raise exception 'user_logins is not built: run `dbt build` first, or its rows would be lost';
    end if;
    if exists (select from vault.unpublished_rotation()) then
        raise exception 'a rotated key is not published yet: run `dbt build` first';
    end if;
    select max(p.message_id) into last_id from (
        select r.message_id from raw.raw_logins as r
        where r.message_id > after_id
        order by r.message_id
        limit page
    ) as p;
    -- Only what has left its row behind: a masked one, or a rejection.
    execute format(
        'update raw.raw_logins as r'
        ' set body = null, attributes = null, body_md5 = null, removed = ''purged'','
        '  removed_at = now()'
        ' where r.message_id > $1 and r.message_id <= $2 and r.removed is null'
        '  and coalesce(r.sent_at, r.landed_at) < $3'
        '  and (exists (select from only %s as m where m.message_id = r.message_id)'
        '   or exists (select from only %s as m where m.message_id = r.message_id))',
        logins, rejected
    ) using after_id, last_id, older_than;
    get diagnostics purged = row_count;
    return next;
end
$_$;
ALTER FUNCTION vault.purge(older_than timestamp with time zone, after_id text, page integer) OWNER TO login_owner;
CREATE FUNCTION vault.recover(request bigint) RETURNS TABLE(message_id text, sent_at timestamp with time zone, ip text, device_id text)
    LANGUAGE plpgsql SECURITY DEFINER
    SET search_path TO 'pg_catalog', 'pg_temp'
    AS $_$
declare
    asked vault.recovery_request;
    published constant text := (
        select s.value from vault.settings as s where s.name = 'published_schema'
    );
    disclosed integer;
begin
    select r.* into asked from vault.recovery_request as r where r.request_id = request;
    if asked is null or asked.requested_by <> session_user then
        raise exception 'there is no such request of yours';
    end if;
    if asked.requested_xid = pg_current_xact_id() then
        raise exception 'commit the request first';
    end if;
    if asked.requested_at < clock_timestamp() - interval '15 minutes' then
        raise exception 'the request is older than 15 minutes';
    end if;
    -- What is disclosed is what was asked for: the address, the device id, or, of one message, both.
    if asked.kind = 'message_id' then
        return query
        select r.message_id, r.sent_at, r.body ->> 'ip', r.body ->> 'device_id'
        from raw.raw_logins as r
        where r.message_id = asked.lookup and r.body is not null;
    else
        if vault.model_table(published || '.user_logins') is null then
            raise exception 'there is no table %.user_logins', published;
        end if;
        return query execute format(
            'select r.message_id, r.sent_at,'
            ' case %1$L when ''masked_ip'' then r.body ->> ''ip'' end,'
            ' case %1$L when ''masked_device_id'' then r.body ->> ''device_id'' end'
            ' from only %2$I.user_logins as u inner join raw.raw_logins as r'
            ' on u.message_id = r.message_id'
            ' where u.%1$I = $1 and r.body is not null'
            ' order by r.sent_at, r.message_id',
            asked.kind, published
        ) using asked.lookup;
    end if;
    get diagnostics disclosed = row_count;
    insert into vault.disclosure (request_id, messages, disclosed_to, disclosed_from, disclosed_at)
    values (request, disclosed, session_user, inet_client_addr(), clock_timestamp());
    -- The server log keeps this even if the caller rolls back.
    raise log 'login recovery: request % disclosed to %, % messages', request, session_user, disclosed;
end
$_$;
ALTER FUNCTION vault.recover(request bigint) OWNER TO login_owner;
CREATE FUNCTION vault.recovery_log() RETURNS TABLE(request_id bigint, requested_at timestamp with time zone, requested_by text, requested_from inet, kind text, lookup text, reason text, ticket text, disclosed_at timestamp with time zone, messages integer)
    LANGUAGE sql STABLE SECURITY DEFINER
    SET search_path TO 'pg_catalog', 'pg_temp'
    AS $$
    select
        r.request_id, r.requested_at, r.requested_by, r.requested_from,
        r.kind, r.lookup, r.reason, r.ticket,
        d.disclosed_at, d.messages
    from vault.recovery_request as r
    left join vault.disclosure as d on r.request_id = d.request_id
    order by r.request_id, d.disclosed_at
$$;
ALTER FUNCTION vault.recovery_log() OWNER TO login_owner;
CREATE FUNCTION vault.refuse_change() RETURNS trigger
    LANGUAGE plpgsql
    SET search_path TO 'pg_catalog', 'pg_temp'
    AS $$
begin
    raise exception '%.% is append-only', tg_table_schema, tg_table_name;
end
$$;
ALTER FUNCTION vault.refuse_change() OWNER TO login_owner;
CREATE FUNCTION vault.request_recovery(kind text, lookup text, reason text, ticket text DEFAULT NULL::text) RETURNS bigint
    LANGUAGE plpgsql SECURITY DEFINER
    SET search_path TO 'pg_catalog', 'pg_temp'
    AS $$
declare
    person constant text := session_user;
    hourly constant integer := (
        select s.value::integer from vault.settings as s where s.name = 'recoveries_per_hour'
    );
    new_id bigint;
begin
    if coalesce(length(btrim(reason)), 0) < 10 then
        raise exception 'a reason of at least 10 characters is needed';
    end if;
    if kind is null or kind not in ('masked_ip', 'masked_device_id', 'message_id') then
        raise exception 'kind is masked_ip, masked_device_id or message_id';
    end if;
    -- One at a time, or parallel sessions could pass the limit together; and an older snapshot
    -- would not see what the others have asked for.
    if current_setting('transaction_isolation') <> 'read committed' then
        raise exception 'ask in a transaction of isolation level read committed';
    end if;
    lock table vault.recovery_request in share row exclusive mode;
    if (
        select count(*) from vault.recovery_request as r
        where r.requested_by = person and r.requested_at > clock_timestamp() - interval '1 hour'
    ) >= hourly then
        raise exception '% requests in an hour are the limit: ask again later', hourly;
    end if;
    insert into vault.recovery_request (
        kind, lookup, reason, ticket, requested_by, requested_from, requested_at, requested_xid
    )
    values (
        kind, lookup, reason, ticket, person, inet_client_addr(), clock_timestamp(), pg_current_xact_id()
    )
    returning request_id into new_id;
    raise log 'login recovery: request % by %', new_id, person;
    return new_id;
end
$$;
ALTER FUNCTION vault.request_recovery(kind text, lookup text, reason text, ticket text) OWNER TO login_owner;
CREATE FUNCTION vault.unpublish(message_ids text[]) RETURNS void
    LANGUAGE plpgsql
    SET search_path TO 'pg_catalog', 'pg_temp'
    AS $_$
declare
    window_name text;
    model regclass;
begin
    if cardinality(message_ids) = 0 then
        return;
    end if;
    for window_name, model in
        select w.model, vault.model_table(w.model) from raw.model_windows as w order by w.model
    loop
        if exists (select from pg_attribute where attrelid = model and attname = 'message_id') then
            execute format('delete from only %s where message_id = any($1)', model) using message_ids;
        else
            -- An aggregate: the next build makes it anew.
            update raw.model_windows as w
            set made_xid = pg_current_xact_id()
            where w.model = window_name;
        end if;
    end loop;
end
$_$;
ALTER FUNCTION vault.unpublish(message_ids text[]) OWNER TO login_owner;
CREATE FUNCTION vault.unpublished_rotation() RETURNS SETOF text
    LANGUAGE sql STABLE
    SET search_path TO 'pg_catalog', 'pg_temp'
    AS $$
    select w.model
    from raw.model_windows as w
    inner join vault.settings as s on s.name = 'published_schema'
    where split_part(w.model, '.', 1) = s.value and w.key_chain <> vault.key_chain()
$$;
ALTER FUNCTION vault.unpublished_rotation() OWNER TO login_owner;
SET default_tablespace = '';
SET default_table_access_method = heap;
CREATE TABLE public.app_versions (
    app_version integer NOT NULL,
    version text,
    logins bigint,
    users bigint,
    first_seen timestamp with time zone,
    last_seen timestamp with time zone
);
ALTER TABLE public.app_versions OWNER TO login_transformer;
CREATE TABLE public.daily_app_versions (
    create_date date NOT NULL,
    app_version integer NOT NULL,
    version text,
    logins bigint,
    users bigint,
    new_users bigint,
    first_seen timestamp with time zone,
    last_seen timestamp with time zone
);
ALTER TABLE public.daily_app_versions OWNER TO login_transformer;
CREATE TABLE public.daily_logins (
    create_date date NOT NULL,
    device_type character varying(32),
    locale character varying(32),
    logins bigint,
    users bigint,
    repeats bigint,
    unreadable_versions bigint
);
ALTER TABLE public.daily_logins OWNER TO login_transformer;
CREATE TABLE public.load_receipts (
    load_id text NOT NULL,
    loaded_at timestamp with time zone,
    received integer,
    landed integer,
    already_there integer,
    quarantined integer
);
ALTER TABLE public.load_receipts OWNER TO login_transformer;
CREATE TABLE public.pipeline_health (
    landed bigint NOT NULL,
    logins bigint,
    rejected bigint,
    erased bigint,
    quarantined bigint,
    last_loaded_at timestamp with time zone,
    newest_sent_at timestamp with time zone,
    lag_seconds integer,
    unreadable_versions bigint,
    equal_bodies bigint,
    checked_at timestamp with time zone NOT NULL
);
ALTER TABLE public.pipeline_health OWNER TO login_transformer;
CREATE TABLE public.rejected_logins (
    message_id text NOT NULL,
    rejection_reason character varying(64) NOT NULL,
    sent_at timestamp with time zone
);
ALTER TABLE public.rejected_logins OWNER TO login_transformer;
CREATE TABLE public.shared_identifiers (
    kind text NOT NULL,
    masked_value character varying(256) NOT NULL,
    users bigint,
    logins bigint,
    first_seen timestamp with time zone,
    last_seen timestamp with time zone
);
ALTER TABLE public.shared_identifiers OWNER TO login_transformer;
CREATE TABLE public.user_logins (
    user_id character varying(128) NOT NULL,
    device_type character varying(32),
    masked_ip character varying(256),
    masked_device_id character varying(256),
    locale character varying(32),
    app_version integer,
    create_date date,
    message_id text NOT NULL,
    sent_at timestamp with time zone,
    CONSTRAINT user_logins_app_version_check CHECK ((app_version >= 0)),
    CONSTRAINT user_logins_masked_device_id_check CHECK ((length((masked_device_id)::text) = 64)),
    CONSTRAINT user_logins_masked_ip_check CHECK ((length((masked_ip)::text) = 64))
);
ALTER TABLE public.user_logins OWNER TO login_transformer;
CREATE TABLE raw.loads (
    load_id uuid NOT NULL,
    received integer NOT NULL,
    landed integer NOT NULL,
    already_there integer NOT NULL,
    quarantined integer NOT NULL,
    loaded_at timestamp with time zone DEFAULT now() NOT NULL,
    loaded_by text DEFAULT SESSION_USER NOT NULL,
    landed_xid xid8 DEFAULT pg_current_xact_id() NOT NULL,
    CONSTRAINT loads_check CHECK ((received = ((landed + already_there) + quarantined)))
);
ALTER TABLE raw.loads OWNER TO login_owner;
CREATE TABLE raw.model_windows (
    model text NOT NULL,
    last_xid xid8 DEFAULT '0'::xid8 NOT NULL,
    next_xid xid8 DEFAULT '0'::xid8 NOT NULL,
    key_chain text,
    first_xid xid8 DEFAULT '0'::xid8 NOT NULL,
    made_xid xid8 DEFAULT '0'::xid8 NOT NULL
);
ALTER TABLE raw.model_windows OWNER TO login_owner;
CREATE TABLE raw.quarantined_messages (
    message_id text NOT NULL,
    body text,
    sent_at timestamp with time zone,
    receive_count integer,
    attributes text,
    body_md5 text,
    load_id uuid NOT NULL,
    landed_at timestamp with time zone DEFAULT now() NOT NULL,
    landed_xid xid8 DEFAULT pg_current_xact_id() NOT NULL,
    sqlstate text NOT NULL,
    reason text NOT NULL,
    removed text,
    removed_at timestamp with time zone,
    CONSTRAINT quarantined_messages_check CHECK (((body IS NULL) = (removed IS NOT NULL))),
    CONSTRAINT quarantined_messages_removed_check CHECK ((removed = ANY (ARRAY['erased'::text, 'purged'::text, 'requeued'::text])))
);
ALTER TABLE raw.quarantined_messages OWNER TO login_owner;
CREATE TABLE raw.raw_logins (
    message_id text NOT NULL,
    body jsonb,
    sent_at timestamp with time zone,
    receive_count integer,
    attributes jsonb,
    body_md5 text,
    load_id uuid NOT NULL,
    landed_at timestamp with time zone DEFAULT now() NOT NULL,
    landed_xid xid8 DEFAULT pg_current_xact_id() NOT NULL,
    removed text,
    removed_at timestamp with time zone,
    CONSTRAINT raw_logins_check CHECK (((body IS NULL) = (removed IS NOT NULL))),
    CONSTRAINT raw_logins_removed_check CHECK ((removed = ANY (ARRAY['erased'::text, 'purged'::text])))
);
ALTER TABLE raw.raw_logins OWNER TO login_owner;
CREATE TABLE vault.destroyed_key (
    domain text NOT NULL,
    version integer NOT NULL,
    destroyed_by text DEFAULT SESSION_USER NOT NULL,
    destroyed_at timestamp with time zone DEFAULT now() NOT NULL
);
ALTER TABLE vault.destroyed_key OWNER TO login_owner;
CREATE TABLE vault.disclosure (
    request_id bigint NOT NULL,
    messages integer NOT NULL,
    disclosed_to text NOT NULL,
    disclosed_from inet,
    disclosed_at timestamp with time zone NOT NULL
);
ALTER TABLE vault.disclosure OWNER TO login_owner;
CREATE TABLE vault.erasure (
    user_hash text NOT NULL,
    messages integer NOT NULL,
    erased_by text DEFAULT SESSION_USER NOT NULL,
    erased_at timestamp with time zone DEFAULT now() NOT NULL
);
ALTER TABLE vault.erasure OWNER TO login_owner;
CREATE TABLE vault.masking_key (
    domain text NOT NULL,
    version integer NOT NULL,
    secret bytea NOT NULL,
    is_chained boolean DEFAULT false NOT NULL,
    created_at timestamp with time zone DEFAULT now() NOT NULL,
    CONSTRAINT masking_key_check CHECK (((version > 1) OR (NOT is_chained))),
    CONSTRAINT masking_key_domain_check CHECK ((domain = ANY (ARRAY['ip'::text, 'device_id'::text, 'erasure'::text]))),
    CONSTRAINT masking_key_secret_check CHECK ((octet_length(secret) >= 32)),
    CONSTRAINT masking_key_version_check CHECK ((version > 0))
);
ALTER TABLE vault.masking_key OWNER TO login_owner;
CREATE TABLE vault.recovery_request (
    request_id bigint NOT NULL,
    kind text NOT NULL,
    lookup text NOT NULL,
    reason text NOT NULL,
    ticket text,
    requested_by text NOT NULL,
    requested_from inet,
    requested_at timestamp with time zone NOT NULL,
    requested_xid xid8 NOT NULL,
    CONSTRAINT recovery_request_kind_check CHECK ((kind = ANY (ARRAY['masked_ip'::text, 'masked_device_id'::text, 'message_id'::text]))),
    CONSTRAINT recovery_request_reason_check CHECK ((length(btrim(reason)) >= 10))
);
ALTER TABLE vault.recovery_request OWNER TO login_owner;
ALTER TABLE vault.recovery_request ALTER COLUMN request_id ADD GENERATED ALWAYS AS IDENTITY (
    SEQUENCE NAME vault.recovery_request_request_id_seq
    START WITH 1
    INCREMENT BY 1
    NO MINVALUE
    NO MAXVALUE
    CACHE 1
);
CREATE TABLE vault.settings (
    name text NOT NULL,
    value text NOT NULL
);
ALTER TABLE vault.settings OWNER TO login_owner;
INSERT INTO public.app_versions VALUES
	(2004000, '2.4.0', 1, 1, '2026-11-26 00:37:34.678+00', '2026-11-26 00:37:34.678+00'),
	(2003000, '2.3.0', 6, 5, '2026-08-27 00:37:32.203+00', '2026-11-26 00:37:34.678+00');
INSERT INTO public.daily_app_versions VALUES
	('2026-11-26', 2003000, '2.3.0', 4, 3, 3, '2026-11-26 00:37:34.678+00', '2026-11-26 00:37:34.678+00'),
	('2026-11-26', 2004000, '2.4.0', 1, 1, 1, '2026-11-26 00:37:34.678+00', '2026-11-26 00:37:34.678+00'),
	('2026-08-27', 2003000, '2.3.0', 2, 2, 2, '2026-08-27 00:37:32.203+00', '2026-08-27 00:37:32.233+00');
INSERT INTO public.daily_logins VALUES
	('2026-08-27', 'android', 'RU', 2, 2, 0, 0),
	('2026-11-26', 'android', 'RU', 4, 3, 0, 0),
	('2026-11-26', 'android', NULL, 1, 1, 0, 0);
INSERT INTO public.load_receipts VALUES
	('765e6a50-2b89-45b2-b415-ce12fe4cb976', '2026-11-26 00:37:32.215173+00', 1, 1, 0, 0),
	('8e61fe5b-fae9-4106-8a4e-8b5355eaeabe', '2026-11-26 00:37:33.314873+00', 4, 2, 1, 1),
	('41e481a7-ca3b-4e1f-a2b4-f5912ae73098', '2026-11-26 00:37:35.724257+00', 8, 7, 0, 1);
INSERT INTO public.pipeline_health VALUES
	(10, 7, 3, 0, 2, '2026-11-26 00:37:35.724257+00', '2026-11-26 00:37:34.678+00', 0, 0, 0, '2026-11-26 00:37:48.541142+00');
INSERT INTO public.rejected_logins VALUES
	('ba745a1e-fb3d-4297-9583-5ca20d7b4768', 'ip_wrong_type', '2026-08-27 00:37:32.233+00'),
	('f82604db-ccca-4647-b050-74e5560e6211', 'body_not_object', '2026-11-26 00:37:34.678+00');
INSERT INTO public.shared_identifiers VALUES
	('device_id', '681c4d0a2d2f3b17278160dd650f54d15b45567a5f19209b45b5838e5109d397', 2, 2, '2026-08-27 00:37:32.203+00', '2026-11-26 00:37:34.678+00'),
	('ip', '1d58ee4f955347207d9ebc82dc4f615bc372ee7cebefac9a883ad75c4fe69cdf', 2, 2, '2026-08-27 00:37:32.203+00', '2026-11-26 00:37:34.678+00');
INSERT INTO public.user_logins VALUES
	('user-0001', 'android', '1d58ee4f955347207d9ebc82dc4f615bc372ee7cebefac9a883ad75c4fe69cdf', '681c4d0a2d2f3b17278160dd650f54d15b45567a5f19209b45b5838e5109d397', 'RU', 2003000, '2026-08-27', 'bfba5c5a-4d80-4a64-b74a-6eccae496bca', '2026-08-27 00:37:32.203+00'),
	('user-0002', 'android', '6bbe934f89722a0e490f4b4f69e6f5ab6482e00989155ac73f489caf31daa481', 'ddc15339f3210f39ecf30cbd417a424ff307eb1a3866cfac95f1f2b573dc9301', 'RU', 2003000, '2026-08-27', 'fdb276be-7290-4a63-b2d8-a8b76dc7b93c', '2026-08-27 00:37:32.233+00'),
	('user-0006', 'android', '83d0bbf08cf0f9e18a4df83d546bd222d4a6546a151d15521883bde4161228a9', 'df9dbccfe593041c022d9bcb0f552e1b8dfe2134b24546655f23e432f616fa39', NULL, 2003000, '2026-11-26', '1036f1db-f42c-4bc5-a4ff-4955d9dfa911', '2026-11-26 00:37:34.678+00'),
	('user-0005', 'android', '1d58ee4f955347207d9ebc82dc4f615bc372ee7cebefac9a883ad75c4fe69cdf', '681c4d0a2d2f3b17278160dd650f54d15b45567a5f19209b45b5838e5109d397', 'RU', 2003000, '2026-11-26', '243e9607-91d7-45f5-800a-5942a9dfdc0c', '2026-11-26 00:37:34.678+00'),
	('user-0005', 'android', '7ca15d6cfa1480008627d661ef25ff2f313cf04a2c71ef9bc9ed9675f162009b', NULL, 'RU', 2003000, '2026-11-26', '88ec2083-7115-4dca-8780-dfd994241f91', '2026-11-26 00:37:34.678+00'),
	('user-0001', 'android', 'b0447151518969e237952da19479695b5b54eb72860c4b1afe7460a11dfda82c', 'df3236fb8a92eacc022db0a00598837938f1362acb489ee6e78ba51b5dea88e6', 'RU', 2004000, '2026-11-26', 'dd9095a0-3d81-4d0d-9116-bc8e22514fee', '2026-11-26 00:37:34.678+00');
INSERT INTO raw.loads VALUES
	('765e6a50-2b89-45b2-b415-ce12fe4cb976', 1, 1, 0, 0, '2026-11-26 00:37:32.215173+00', 'postgres', '20741'),
	('8e61fe5b-fae9-4106-8a4e-8b5355eaeabe', 4, 2, 1, 1, '2026-11-26 00:37:33.314873+00', 'postgres', '20743'),
	('41e481a7-ca3b-4e1f-a2b4-f5912ae73098', 8, 7, 0, 1, '2026-11-26 00:37:35.724257+00', 'postgres', '20748'),
	('7551073f-6dac-497a-91ea-0846382d7c7a', 5, 4, 0, 1, '2026-11-26 00:37:52.196645+00', 'postgres', '20765');
INSERT INTO raw.model_windows VALUES
	('public.user_logins', '20754', '20754', 'device_id:1 ip:1', '0', '20754'),
	('public.rejected_logins', '20754', '20754', 'device_id:1 ip:1', '0', '20754'),
	('public.daily_app_versions', '20754', '20754', 'device_id:1 ip:1', '0', '20764'),
	('public.daily_logins', '20754', '20754', 'device_id:1 ip:1', '0', '20764'),
	('public.load_receipts', '20754', '20754', 'device_id:1 ip:1', '0', '20764'),
	('public.shared_identifiers', '20754', '20754', 'device_id:1 ip:1', '0', '20764');
INSERT INTO raw.quarantined_messages VALUES
	('15350666-55a1-459c-bdec-89cb710d5d8e', '{"user_id": "user-0004", "ip": "192.0.2.4', '2026-08-27 00:37:32.233+00', 1, '{"SenderId": "000000000000", "SentTimestamp": "1795653452233", "ApproximateReceiveCount": "1", "ApproximateFirstReceiveTimestamp": "1795653453180", "message": {}}', '9148549543cae087a8e39dfb4b6ccb79', '8e61fe5b-fae9-4106-8a4e-8b5355eaeabe', '2026-11-26 00:37:33.314873+00', '20743', '22P02', 'invalid input syntax for type json', NULL, NULL),
	('3206eced-d167-4dab-b522-337b740d5221', '{"user_id": "user-0001", "ip": "192.0.2.1', '2026-11-26 00:37:34.678+00', 1, '{"SenderId": "000000000000", "SentTimestamp": "1795653454678", "ApproximateReceiveCount": "1", "ApproximateFirstReceiveTimestamp": "1795653455586", "message": {}}', '73b454ea6b7090d71251dc6764a0c56e', '41e481a7-ca3b-4e1f-a2b4-f5912ae73098', '2026-11-26 00:37:35.724257+00', '20748', '22P02', 'invalid input syntax for type json', NULL, NULL),
	('d4755907-b6ed-4f10-9d31-fc06d11179bc', '{"user_id": "user-0008"', '2026-11-26 00:37:51.459+00', 1, '{"SenderId": "000000000000", "SentTimestamp": "1795653471459", "ApproximateReceiveCount": "1", "ApproximateFirstReceiveTimestamp": "1795653472071", "message": {}}', '6a77986a1fe5378d2aa2efd422d07074', '7551073f-6dac-497a-91ea-0846382d7c7a', '2026-11-26 00:37:52.196645+00', '20765', '22P02', 'invalid input syntax for type json', NULL, NULL);
INSERT INTO raw.raw_logins VALUES
	('bfba5c5a-4d80-4a64-b74a-6eccae496bca', '{"ip": "198.51.100.7", "locale": "RU", "user_id": "user-0001", "device_id": "Device-Shared", "app_version": "2.3.0", "device_type": "android"}', '2026-08-27 00:37:32.203+00', 1, '{"SenderId": "000000000000", "SentTimestamp": "1795653452203", "ApproximateReceiveCount": "1", "ApproximateFirstReceiveTimestamp": "1795653452206"}', 'e7160bd2baf7fdac8d27f359ebd1d5db', '765e6a50-2b89-45b2-b415-ce12fe4cb976', '2026-11-26 00:37:32.215173+00', '20741', NULL, NULL),
	('ba745a1e-fb3d-4297-9583-5ca20d7b4768', '{"ip": 7, "locale": null, "user_id": "user-0003", "device_id": "device-0003", "app_version": "2.3.0", "device_type": "android"}', '2026-08-27 00:37:32.233+00', 1, '{"message": {}, "SenderId": "000000000000", "SentTimestamp": "1795653452233", "ApproximateReceiveCount": "1", "ApproximateFirstReceiveTimestamp": "1795653453180"}', '8632e68fa06494b4c858f0986341f5fa', '8e61fe5b-fae9-4106-8a4e-8b5355eaeabe', '2026-11-26 00:37:33.314873+00', '20743', NULL, NULL),
	('fdb276be-7290-4a63-b2d8-a8b76dc7b93c', '{"ip": "192.0.2.3", "locale": "RU", "user_id": "user-0002", "device_id": "device-0002", "app_version": "2.3.0", "device_type": "android"}', '2026-08-27 00:37:32.233+00', 1, '{"message": {}, "SenderId": "000000000000", "SentTimestamp": "1795653452233", "ApproximateReceiveCount": "1", "ApproximateFirstReceiveTimestamp": "1795653453180"}', '51b0bef2e35a785afa64e66f6767dbb4', '8e61fe5b-fae9-4106-8a4e-8b5355eaeabe', '2026-11-26 00:37:33.314873+00', '20743', NULL, NULL),
	('1036f1db-f42c-4bc5-a4ff-4955d9dfa911', '{"ip": "192.0.2.7", "locale": null, "user_id": "user-0006", "device_id": "device-0006", "app_version": "2.3.0", "device_type": "android"}', '2026-11-26 00:37:34.678+00', 1, '{"message": {}, "SenderId": "000000000000", "SentTimestamp": "1795653454678", "ApproximateReceiveCount": "1", "ApproximateFirstReceiveTimestamp": "1795653455586"}', 'b88f68a811e5e3431a1925e7b72f6ebf', '41e481a7-ca3b-4e1f-a2b4-f5912ae73098', '2026-11-26 00:37:35.724257+00', '20748', NULL, NULL),
	('243e9607-91d7-45f5-800a-5942a9dfdc0c', '{"ip": "::ffff:198.51.100.7", "locale": "RU", "user_id": "user-0005", "device_id": "device-shared", "app_version": "2.3.0", "device_type": "android"}', '2026-11-26 00:37:34.678+00', 1, '{"message": {}, "SenderId": "000000000000", "SentTimestamp": "1795653454678", "ApproximateReceiveCount": "1", "ApproximateFirstReceiveTimestamp": "1795653455586"}', '5e9c7bcf6df2be0901e2ab669eeaf6e3', '41e481a7-ca3b-4e1f-a2b4-f5912ae73098', '2026-11-26 00:37:35.724257+00', '20748', NULL, NULL),
	('88ec2083-7115-4dca-8780-dfd994241f91', '{"ip": "192.0.2.6", "locale": "RU", "user_id": "user-0005", "device_id": null, "app_version": "2.3.0", "device_type": "android"}', '2026-11-26 00:37:34.678+00', 1, '{"message": {}, "SenderId": "000000000000", "SentTimestamp": "1795653454678", "ApproximateReceiveCount": "1", "ApproximateFirstReceiveTimestamp": "1795653455586"}', '8f2c8b73d2536d0464265de5db44839f', '41e481a7-ca3b-4e1f-a2b4-f5912ae73098', '2026-11-26 00:37:35.724257+00', '20748', NULL, NULL),
	('dd9095a0-3d81-4d0d-9116-bc8e22514fee', '{"ip": "192.0.2.2", "locale": "RU", "user_id": "user-0001", "device_id": "device-0001", "app_version": "2.4.0", "device_type": "android"}', '2026-11-26 00:37:34.678+00', 1, '{"message": {}, "SenderId": "000000000000", "SentTimestamp": "1795653454678", "ApproximateReceiveCount": "1", "ApproximateFirstReceiveTimestamp": "1795653455586"}', '081aff8ab71d28493eae851a72e16980', '41e481a7-ca3b-4e1f-a2b4-f5912ae73098', '2026-11-26 00:37:35.724257+00', '20748', NULL, NULL),
	('f82604db-ccca-4647-b050-74e5560e6211', '[1]', '2026-11-26 00:37:34.678+00', 1, '{"message": {}, "SenderId": "000000000000", "SentTimestamp": "1795653454678", "ApproximateReceiveCount": "1", "ApproximateFirstReceiveTimestamp": "1795653455586"}', '35dba5d75538a9bbe0b4da4422759a0e', '41e481a7-ca3b-4e1f-a2b4-f5912ae73098', '2026-11-26 00:37:35.724257+00', '20748', NULL, NULL),
	('50b8b008-6937-4c09-b504-0b77f1a4fa48', NULL, '2026-11-26 00:37:34.678+00', 1, NULL, NULL, '41e481a7-ca3b-4e1f-a2b4-f5912ae73098', '2026-11-26 00:37:35.724257+00', '20748', 'erased', '2026-11-26 00:37:51.373507+00'),
	('f5c743e1-36a6-4f2e-91c8-91046d816508', NULL, '2026-11-26 00:37:34.678+00', 1, NULL, NULL, '41e481a7-ca3b-4e1f-a2b4-f5912ae73098', '2026-11-26 00:37:35.724257+00', '20748', 'erased', '2026-11-26 00:37:51.373507+00'),
	('3592677d-4265-4894-828b-a0a6c5ed72f4', '{"ip": "192.0.2.2", "locale": 1, "user_id": "user-0001", "device_id": "device-0001", "app_version": "2.3.0", "device_type": "android"}', '2026-11-26 00:37:51.459+00', 1, '{"message": {}, "SenderId": "000000000000", "SentTimestamp": "1795653471459", "ApproximateReceiveCount": "1", "ApproximateFirstReceiveTimestamp": "1795653472071"}', '509e5e9b5d79091b16c4485c5f2b0b1c', '7551073f-6dac-497a-91ea-0846382d7c7a', '2026-11-26 00:37:52.196645+00', '20765', NULL, NULL),
	('8ac9edc1-1bdf-4460-9b28-a3f2f5f45aa7', '{"ip": " 198.51.100.007 ", "locale": "RU", "user_id": "user-0001", "device_id": "device-0001", "app_version": "2.5.0", "device_type": "android"}', '2026-11-26 00:37:51.459+00', 1, '{"message": {}, "SenderId": "000000000000", "SentTimestamp": "1795653471459", "ApproximateReceiveCount": "1", "ApproximateFirstReceiveTimestamp": "1795653472071"}', '3601deca92c6ebdff7a96818d469f206', '7551073f-6dac-497a-91ea-0846382d7c7a', '2026-11-26 00:37:52.196645+00', '20765', NULL, NULL),
	('df89c46b-0b86-4770-9de8-76c3f4873e4e', '{"ip": null, "locale": "RU", "user_id": "user-0008", "device_id": " DEVICE-SHARED\n", "app_version": "2.3.0", "device_type": "android"}', '2026-11-26 00:37:51.459+00', 1, '{"message": {}, "SenderId": "000000000000", "SentTimestamp": "1795653471459", "ApproximateReceiveCount": "1", "ApproximateFirstReceiveTimestamp": "1795653472071"}', '934c520e7e0334c71a8c4b9be5ae9ed1', '7551073f-6dac-497a-91ea-0846382d7c7a', '2026-11-26 00:37:52.196645+00', '20765', NULL, NULL),
	('e0053318-5a49-442e-9743-db50ce1dd1ab', '{"ip": "192.0.2.7", "locale": null, "user_id": "user-0006", "device_id": "device-0006", "app_version": "2.3.0", "device_type": "android"}', '2026-11-26 00:37:51.459+00', 1, '{"message": {}, "SenderId": "000000000000", "SentTimestamp": "1795653471459", "ApproximateReceiveCount": "1", "ApproximateFirstReceiveTimestamp": "1795653472071"}', 'b88f68a811e5e3431a1925e7b72f6ebf', '7551073f-6dac-497a-91ea-0846382d7c7a', '2026-11-26 00:37:52.196645+00', '20765', NULL, NULL);
INSERT INTO vault.disclosure VALUES
	(1, 1, 'postgres', '127.0.0.1', '2026-11-26 00:37:50.723942+00');
INSERT INTO vault.erasure VALUES
	('aa61c2e9e834aed0b673fbf6878dde3a3f3befaccaa5e7551fbcc62d4a07efb5', 2, 'postgres', '2026-11-26 00:37:51.373507+00');
INSERT INTO vault.masking_key VALUES
	('ip', 1, '\x7d6bbcba679c3b604fdd179869c0dfe8af479a1b1d767d033b79d3387abb3653', false, '2026-11-26 00:37:31.772333+00'),
	('device_id', 1, '\x6468f03e11e8a4a98c54bac98044beaa4707b0e763e2cd60aba8913eadb448df', false, '2026-11-26 00:37:31.772333+00'),
	('erasure', 1, '\x32ed3963134728d1eda4c5c81badd881741bb62842fedc78eaaaad84edeab0d1', false, '2026-11-26 00:37:31.772333+00');
INSERT INTO vault.recovery_request OVERRIDING SYSTEM VALUE VALUES
	(1, 'masked_ip', '83d0bbf08cf0f9e18a4df83d546bd222d4a6546a151d15521883bde4161228a9', 'support case 4711', 'T-1', 'postgres', '127.0.0.1', '2026-11-26 00:37:50.70006+00', '20762');
INSERT INTO vault.settings VALUES
	('published_schema', 'public'),
	('recoveries_per_hour', '10');
SELECT pg_catalog.setval('vault.recovery_request_request_id_seq', 1, true);
ALTER TABLE ONLY public.app_versions
    ADD CONSTRAINT app_versions__dbt_tmp_pkey PRIMARY KEY (app_version);
ALTER TABLE ONLY public.daily_app_versions
    ADD CONSTRAINT daily_app_versions_pkey PRIMARY KEY (create_date, app_version);
ALTER TABLE ONLY public.daily_logins
    ADD CONSTRAINT daily_logins_create_date_device_type_locale_key UNIQUE NULLS NOT DISTINCT (create_date, device_type, locale);
ALTER TABLE ONLY public.load_receipts
    ADD CONSTRAINT load_receipts_pkey PRIMARY KEY (load_id);
ALTER TABLE ONLY public.rejected_logins
    ADD CONSTRAINT rejected_logins_pkey PRIMARY KEY (message_id);
ALTER TABLE ONLY public.shared_identifiers
    ADD CONSTRAINT shared_identifiers_pkey PRIMARY KEY (masked_value, kind);
ALTER TABLE ONLY public.user_logins
    ADD CONSTRAINT user_logins_pkey PRIMARY KEY (message_id);
ALTER TABLE ONLY raw.loads
    ADD CONSTRAINT loads_pkey PRIMARY KEY (load_id);
ALTER TABLE ONLY raw.model_windows
    ADD CONSTRAINT model_windows_pkey PRIMARY KEY (model);
ALTER TABLE ONLY raw.quarantined_messages
    ADD CONSTRAINT quarantined_messages_pkey PRIMARY KEY (message_id);
ALTER TABLE ONLY raw.raw_logins
    ADD CONSTRAINT raw_logins_pkey PRIMARY KEY (message_id);
ALTER TABLE ONLY vault.destroyed_key
    ADD CONSTRAINT destroyed_key_pkey PRIMARY KEY (domain, version);
ALTER TABLE ONLY vault.masking_key
    ADD CONSTRAINT masking_key_pkey PRIMARY KEY (domain, version);
ALTER TABLE ONLY vault.recovery_request
    ADD CONSTRAINT recovery_request_pkey PRIMARY KEY (request_id);
ALTER TABLE ONLY vault.settings
    ADD CONSTRAINT settings_pkey PRIMARY KEY (name);
CREATE INDEX "238d0df4b5de0b265ddf421ae138445b" ON public.user_logins USING btree (user_id, app_version, create_date);
CREATE INDEX "2b7bea6f8d1caed934ed8e5888000525" ON public.user_logins USING hash (masked_device_id);
CREATE INDEX "7d9fc3a9132f37cba0cc2f46c6aa95e8" ON public.user_logins USING btree (create_date);
CREATE INDEX a156ce2e2755f7a86dfe629849fbe870 ON public.user_logins USING hash (masked_ip);
CREATE INDEX loads_landed_xid_idx ON raw.loads USING btree (landed_xid);
CREATE INDEX raw_logins_landed_xid_idx ON raw.raw_logins USING btree (landed_xid);
CREATE INDEX raw_logins_removed_idx ON raw.raw_logins USING btree (removed) WHERE (removed IS NOT NULL);
CREATE TRIGGER append_only BEFORE DELETE OR UPDATE OR TRUNCATE ON vault.destroyed_key FOR EACH STATEMENT EXECUTE FUNCTION vault.refuse_change();
ALTER TABLE vault.destroyed_key ENABLE ALWAYS TRIGGER append_only;
CREATE TRIGGER append_only BEFORE DELETE OR UPDATE OR TRUNCATE ON vault.disclosure FOR EACH STATEMENT EXECUTE FUNCTION vault.refuse_change();
ALTER TABLE vault.disclosure ENABLE ALWAYS TRIGGER append_only;
CREATE TRIGGER append_only BEFORE DELETE OR UPDATE OR TRUNCATE ON vault.erasure FOR EACH STATEMENT EXECUTE FUNCTION vault.refuse_change();
ALTER TABLE vault.erasure ENABLE ALWAYS TRIGGER append_only;
CREATE TRIGGER append_only BEFORE DELETE OR UPDATE OR TRUNCATE ON vault.recovery_request FOR EACH STATEMENT EXECUTE FUNCTION vault.refuse_change();
ALTER TABLE vault.recovery_request ENABLE ALWAYS TRIGGER append_only;
ALTER TABLE ONLY vault.disclosure
    ADD CONSTRAINT disclosure_request_id_fkey FOREIGN KEY (request_id) REFERENCES vault.recovery_request(request_id);
GRANT ALL ON SCHEMA public TO login_transformer;
GRANT USAGE ON SCHEMA public TO login_analyst;
GRANT USAGE ON SCHEMA raw TO login_loader;
GRANT USAGE ON SCHEMA raw TO login_transformer;
GRANT USAGE ON SCHEMA vault TO login_transformer;
GRANT USAGE ON SCHEMA vault TO login_recovery;
REVOKE ALL ON FUNCTION raw.finished_before() FROM PUBLIC;
GRANT ALL ON FUNCTION raw.finished_before() TO login_transformer;
REVOKE ALL ON FUNCTION raw.land(load uuid, message_ids text[], bodies text[], sent_ats timestamp with time zone[], receive_counts integer[], attribute_texts text[], body_md5s text[], OUT landed integer, OUT quarantined integer) FROM PUBLIC;
GRANT ALL ON FUNCTION raw.land(load uuid, message_ids text[], bodies text[], sent_ats timestamp with time zone[], receive_counts integer[], attribute_texts text[], body_md5s text[], OUT landed integer, OUT quarantined integer) TO login_loader;
REVOKE ALL ON FUNCTION raw.lock_builds() FROM PUBLIC;
REVOKE ALL ON FUNCTION raw.restamp() FROM PUBLIC;
REVOKE ALL ON FUNCTION raw.unfinished() FROM PUBLIC;
GRANT ALL ON FUNCTION raw.unfinished() TO login_transformer;
REVOKE ALL ON FUNCTION raw.with_epoch(id xid) FROM PUBLIC;
GRANT ALL ON FUNCTION raw.with_epoch(id xid) TO login_transformer;
REVOKE ALL ON FUNCTION vault.empty_out(message_ids text[]) FROM PUBLIC;
REVOKE ALL ON FUNCTION vault.erase(user_id text) FROM PUBLIC;
REVOKE ALL ON FUNCTION vault.erase_hashes(user_hashes text[]) FROM PUBLIC;
REVOKE ALL ON FUNCTION vault.key_chain() FROM PUBLIC;
GRANT ALL ON FUNCTION vault.key_chain() TO login_transformer;
REVOKE ALL ON FUNCTION vault.model_table(model text) FROM PUBLIC;
REVOKE ALL ON FUNCTION vault.next_version(wanted_domain text) FROM PUBLIC;
REVOKE ALL ON FUNCTION vault.purge(older_than timestamp with time zone, after_id text, page integer) FROM PUBLIC;
REVOKE ALL ON FUNCTION vault.recover(request bigint) FROM PUBLIC;
GRANT ALL ON FUNCTION vault.recover(request bigint) TO login_recovery;
REVOKE ALL ON FUNCTION vault.recovery_log() FROM PUBLIC;
GRANT ALL ON FUNCTION vault.recovery_log() TO login_recovery;
REVOKE ALL ON FUNCTION vault.refuse_change() FROM PUBLIC;
REVOKE ALL ON FUNCTION vault.request_recovery(kind text, lookup text, reason text, ticket text) FROM PUBLIC;
GRANT ALL ON FUNCTION vault.request_recovery(kind text, lookup text, reason text, ticket text) TO login_recovery;
REVOKE ALL ON FUNCTION vault.unpublish(message_ids text[]) FROM PUBLIC;
REVOKE ALL ON FUNCTION vault.unpublished_rotation() FROM PUBLIC;
GRANT SELECT ON TABLE public.app_versions TO login_analyst;
GRANT SELECT ON TABLE public.daily_app_versions TO login_analyst;
GRANT SELECT ON TABLE public.daily_logins TO login_analyst;
GRANT SELECT ON TABLE public.load_receipts TO login_analyst;
GRANT SELECT ON TABLE public.pipeline_health TO login_analyst;
GRANT SELECT ON TABLE public.rejected_logins TO login_analyst;
GRANT SELECT ON TABLE public.shared_identifiers TO login_analyst;
GRANT SELECT ON TABLE public.user_logins TO login_analyst;
GRANT SELECT ON TABLE raw.loads TO login_transformer;
GRANT INSERT(load_id) ON TABLE raw.loads TO login_loader;
GRANT INSERT(received) ON TABLE raw.loads TO login_loader;
GRANT INSERT(landed) ON TABLE raw.loads TO login_loader;
GRANT INSERT(already_there) ON TABLE raw.loads TO login_loader;
GRANT INSERT(quarantined) ON TABLE raw.loads TO login_loader;
GRANT SELECT,INSERT,UPDATE ON TABLE raw.model_windows TO login_transformer;
GRANT SELECT ON TABLE raw.quarantined_messages TO login_transformer;
GRANT INSERT(message_id) ON TABLE raw.quarantined_messages TO login_loader;
GRANT INSERT(body) ON TABLE raw.quarantined_messages TO login_loader;
GRANT INSERT(sent_at) ON TABLE raw.quarantined_messages TO login_loader;
GRANT INSERT(receive_count) ON TABLE raw.quarantined_messages TO login_loader;
GRANT INSERT(attributes) ON TABLE raw.quarantined_messages TO login_loader;
GRANT INSERT(body_md5) ON TABLE raw.quarantined_messages TO login_loader;
GRANT INSERT(load_id) ON TABLE raw.quarantined_messages TO login_loader;
GRANT INSERT(sqlstate) ON TABLE raw.quarantined_messages TO login_loader;
GRANT INSERT(reason) ON TABLE raw.quarantined_messages TO login_loader;
GRANT SELECT ON TABLE raw.raw_logins TO login_transformer;
GRANT INSERT(message_id) ON TABLE raw.raw_logins TO login_loader;
GRANT INSERT(body) ON TABLE raw.raw_logins TO login_loader;
GRANT INSERT(sent_at) ON TABLE raw.raw_logins TO login_loader;
GRANT INSERT(receive_count) ON TABLE raw.raw_logins TO login_loader;
GRANT INSERT(attributes) ON TABLE raw.raw_logins TO login_loader;
GRANT INSERT(body_md5) ON TABLE raw.raw_logins TO login_loader;
GRANT INSERT(load_id) ON TABLE raw.raw_logins TO login_loader;
GRANT SELECT ON TABLE vault.masking_key TO login_transformer;
ALTER DEFAULT PRIVILEGES FOR ROLE login_owner REVOKE ALL ON FUNCTIONS FROM PUBLIC;
ALTER DEFAULT PRIVILEGES FOR ROLE login_transformer REVOKE ALL ON FUNCTIONS FROM PUBLIC;
