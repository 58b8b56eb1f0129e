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
	(2004000, '2.4.0', 1, 1, '2026-11-26 01:00:25.742+00', '2026-11-26 01:00:25.742+00'),
	(2003000, '2.3.0', 6, 5, '2026-08-27 01:00:24.065+00', '2026-11-26 01:00:25.742+00');
INSERT INTO public.daily_app_versions VALUES
	('2026-11-26', 2003000, '2.3.0', 4, 3, 3, '2026-11-26 01:00:25.742+00', '2026-11-26 01:00:25.742+00'),
	('2026-11-26', 2004000, '2.4.0', 1, 1, 1, '2026-11-26 01:00:25.742+00', '2026-11-26 01:00:25.742+00'),
	('2026-08-27', 2003000, '2.3.0', 2, 2, 2, '2026-08-27 01:00:24.065+00', '2026-08-27 01:00:24.094+00');
INSERT INTO public.daily_logins VALUES
	('2026-08-27', 'android', 'RU', 2, 2, 0, 0),
	('2026-11-26', 'android', 'RU', 4, 3, 0, 0),
	('2026-11-26', 'android', NULL, 1, 1, 0, 0);
INSERT INTO public.load_receipts VALUES
	('3e4ff0f1-bc47-42ee-a601-b243cb0fe64f', '2026-11-26 01:00:24.082149+00', 1, 1, 0, 0),
	('f07ad4c2-d274-4624-911d-cdb89cd1ee6a', '2026-11-26 01:00:24.582139+00', 4, 2, 1, 1),
	('a1def2d6-e1fe-4770-8d83-c25d48713b06', '2026-11-26 01:00:26.308698+00', 8, 7, 0, 1);
INSERT INTO public.pipeline_health VALUES
	(10, 7, 3, 0, 2, '2026-11-26 01:00:26.308698+00', '2026-11-26 01:00:25.742+00', 0, 0, 0, '2026-11-26 01:00:33.141103+00');
INSERT INTO public.rejected_logins VALUES
	('18f1a037-ebae-44a0-8863-a6028c5094ed', 'ip_wrong_type', '2026-08-27 01:00:24.094+00'),
	('88978cc1-3dac-43d3-b59e-d26a3948854f', 'body_not_object', '2026-11-26 01:00:25.742+00');
INSERT INTO public.shared_identifiers VALUES
	('device_id', '8666a408e43a9cfa07331168583ee1f584f076665e552cf61d1eaa21a21e07fb', 2, 2, '2026-08-27 01:00:24.065+00', '2026-11-26 01:00:25.742+00'),
	('ip', 'f90ef92f97cef76eb9c0e2e66b09803cfae27858463197856e7ebc2b4c5b1a86', 2, 2, '2026-08-27 01:00:24.065+00', '2026-11-26 01:00:25.742+00');
INSERT INTO public.user_logins VALUES
	('user-0001', 'android', 'f90ef92f97cef76eb9c0e2e66b09803cfae27858463197856e7ebc2b4c5b1a86', '8666a408e43a9cfa07331168583ee1f584f076665e552cf61d1eaa21a21e07fb', 'RU', 2003000, '2026-08-27', 'feae5076-7824-4432-8948-10931f57f11a', '2026-08-27 01:00:24.065+00'),
	('user-0002', 'android', 'b6a170295896eda25d04ea62a7f4148648f081f835565f57e0432915fceb4eb6', '14ced8c08fa392a8b22c218f3e347d190499901099b5e2195a1ce4bcb746c35c', 'RU', 2003000, '2026-08-27', '6e0caa87-ae47-4585-935b-cf26455bc1cf', '2026-08-27 01:00:24.094+00'),
	('user-0006', 'android', '41c68be8a6ff6bccd2613756d130cf9a266731ac210aa76a5d979fe5f6618cc9', '470dc2467c7a5e82916f0ffd720dc57e51b588fbab958c1dfee0e3c19354e2fb', NULL, 2003000, '2026-11-26', '019b9b4b-f347-484f-9623-9534609375be', '2026-11-26 01:00:25.742+00'),
	('user-0001', 'android', 'ffb2ca5262d59cba0e045934e7ceaeb9cfd8bd8086c8198a309b3d3baad1f4fb', '2862b5164f79048675628847c05cff3d83cf24be933a141a692a9b34c1164ac8', 'RU', 2004000, '2026-11-26', '33296358-a74b-48ef-a897-93692d430627', '2026-11-26 01:00:25.742+00'),
	('user-0005', 'android', '24d3ca8742960fd1e5cff995f008ad6dfb4bc42f7038e04955437569bc46e777', NULL, 'RU', 2003000, '2026-11-26', 'b5476e57-b1f9-44d0-9441-daf936944cb5', '2026-11-26 01:00:25.742+00'),
	('user-0005', 'android', 'f90ef92f97cef76eb9c0e2e66b09803cfae27858463197856e7ebc2b4c5b1a86', '8666a408e43a9cfa07331168583ee1f584f076665e552cf61d1eaa21a21e07fb', 'RU', 2003000, '2026-11-26', 'ec2f89f0-6c26-471f-ac12-384dbedc1d6d', '2026-11-26 01:00:25.742+00');
INSERT INTO raw.loads VALUES
	('3e4ff0f1-bc47-42ee-a601-b243cb0fe64f', 1, 1, 0, 0, '2026-11-26 01:00:24.082149+00', 'postgres', '20741'),
	('f07ad4c2-d274-4624-911d-cdb89cd1ee6a', 4, 2, 1, 1, '2026-11-26 01:00:24.582139+00', 'postgres', '20743'),
	('a1def2d6-e1fe-4770-8d83-c25d48713b06', 8, 7, 0, 1, '2026-11-26 01:00:26.308698+00', 'postgres', '20748'),
	('3b52aa0f-8988-492f-981b-16a0536e6297', 5, 4, 0, 1, '2026-11-26 01:00:35.193519+00', 'postgres', '20765');
INSERT INTO raw.model_windows VALUES
	('public.user_logins', '20754', '20754', 'device_id:1 ip:1', '0', '20754'),
	('public.rejected_logins', '20754', '20754', 'device_id:1 ip:1', '0', '20754'),
	('public.daily_app_versions', '20754', '20754', 'device_id:1 ip:1', '0', '20764'),
	('public.daily_logins', '20754', '20754', 'device_id:1 ip:1', '0', '20764'),
	('public.load_receipts', '20754', '20754', 'device_id:1 ip:1', '0', '20764'),
	('public.shared_identifiers', '20754', '20754', 'device_id:1 ip:1', '0', '20764');
INSERT INTO raw.quarantined_messages VALUES
	('7790801a-24ac-44d2-b45f-0edc460d0e85', '{"user_id": "user-0004", "ip": "192.0.2.4', '2026-08-27 01:00:24.094+00', 1, '{"SenderId": "000000000000", "SentTimestamp": "1795654824094", "ApproximateReceiveCount": "1", "ApproximateFirstReceiveTimestamp": "1795654824473", "message": {}}', '9148549543cae087a8e39dfb4b6ccb79', 'f07ad4c2-d274-4624-911d-cdb89cd1ee6a', '2026-11-26 01:00:24.582139+00', '20743', '22P02', 'invalid input syntax for type json', NULL, NULL),
	('7b893123-9e5d-4ab3-89e5-793904e1ebb6', '{"user_id": "user-0001", "ip": "192.0.2.1', '2026-11-26 01:00:25.742+00', 1, '{"SenderId": "000000000000", "SentTimestamp": "1795654825742", "ApproximateReceiveCount": "1", "ApproximateFirstReceiveTimestamp": "1795654826198", "message": {}}', '73b454ea6b7090d71251dc6764a0c56e', 'a1def2d6-e1fe-4770-8d83-c25d48713b06', '2026-11-26 01:00:26.308698+00', '20748', '22P02', 'invalid input syntax for type json', NULL, NULL),
	('73846764-1d42-4ed7-83f3-04ca187088ab', '{"user_id": "user-0008"', '2026-11-26 01:00:34.731+00', 1, '{"SenderId": "000000000000", "SentTimestamp": "1795654834731", "ApproximateReceiveCount": "1", "ApproximateFirstReceiveTimestamp": "1795654835082", "message": {}}', '6a77986a1fe5378d2aa2efd422d07074', '3b52aa0f-8988-492f-981b-16a0536e6297', '2026-11-26 01:00:35.193519+00', '20765', '22P02', 'invalid input syntax for type json', NULL, NULL);
INSERT INTO raw.raw_logins VALUES
	('feae5076-7824-4432-8948-10931f57f11a', '{"ip": "198.51.100.7", "locale": "RU", "user_id": "user-0001", "device_id": "Device-Shared", "app_version": "2.3.0", "device_type": "android"}', '2026-08-27 01:00:24.065+00', 1, '{"SenderId": "000000000000", "SentTimestamp": "1795654824065", "ApproximateReceiveCount": "1", "ApproximateFirstReceiveTimestamp": "1795654824068"}', 'e7160bd2baf7fdac8d27f359ebd1d5db', '3e4ff0f1-bc47-42ee-a601-b243cb0fe64f', '2026-11-26 01:00:24.082149+00', '20741', NULL, NULL),
	('18f1a037-ebae-44a0-8863-a6028c5094ed', '{"ip": 7, "locale": null, "user_id": "user-0003", "device_id": "device-0003", "app_version": "2.3.0", "device_type": "android"}', '2026-08-27 01:00:24.094+00', 1, '{"message": {}, "SenderId": "000000000000", "SentTimestamp": "1795654824094", "ApproximateReceiveCount": "1", "ApproximateFirstReceiveTimestamp": "1795654824473"}', '8632e68fa06494b4c858f0986341f5fa', 'f07ad4c2-d274-4624-911d-cdb89cd1ee6a', '2026-11-26 01:00:24.582139+00', '20743', NULL, NULL),
	('6e0caa87-ae47-4585-935b-cf26455bc1cf', '{"ip": "192.0.2.3", "locale": "RU", "user_id": "user-0002", "device_id": "device-0002", "app_version": "2.3.0", "device_type": "android"}', '2026-08-27 01:00:24.094+00', 1, '{"message": {}, "SenderId": "000000000000", "SentTimestamp": "1795654824094", "ApproximateReceiveCount": "1", "ApproximateFirstReceiveTimestamp": "1795654824473"}', '51b0bef2e35a785afa64e66f6767dbb4', 'f07ad4c2-d274-4624-911d-cdb89cd1ee6a', '2026-11-26 01:00:24.582139+00', '20743', NULL, NULL),
	('019b9b4b-f347-484f-9623-9534609375be', '{"ip": "192.0.2.7", "locale": null, "user_id": "user-0006", "device_id": "device-0006", "app_version": "2.3.0", "device_type": "android"}', '2026-11-26 01:00:25.742+00', 1, '{"message": {}, "SenderId": "000000000000", "SentTimestamp": "1795654825742", "ApproximateReceiveCount": "1", "ApproximateFirstReceiveTimestamp": "1795654826198"}', 'b88f68a811e5e3431a1925e7b72f6ebf', 'a1def2d6-e1fe-4770-8d83-c25d48713b06', '2026-11-26 01:00:26.308698+00', '20748', NULL, NULL),
	('33296358-a74b-48ef-a897-93692d430627', '{"ip": "192.0.2.2", "locale": "RU", "user_id": "user-0001", "device_id": "device-0001", "app_version": "2.4.0", "device_type": "android"}', '2026-11-26 01:00:25.742+00', 1, '{"message": {}, "SenderId": "000000000000", "SentTimestamp": "1795654825742", "ApproximateReceiveCount": "1", "ApproximateFirstReceiveTimestamp": "1795654826198"}', '081aff8ab71d28493eae851a72e16980', 'a1def2d6-e1fe-4770-8d83-c25d48713b06', '2026-11-26 01:00:26.308698+00', '20748', NULL, NULL),
	('88978cc1-3dac-43d3-b59e-d26a3948854f', '[1]', '2026-11-26 01:00:25.742+00', 1, '{"message": {}, "SenderId": "000000000000", "SentTimestamp": "1795654825742", "ApproximateReceiveCount": "1", "ApproximateFirstReceiveTimestamp": "1795654826198"}', '35dba5d75538a9bbe0b4da4422759a0e', 'a1def2d6-e1fe-4770-8d83-c25d48713b06', '2026-11-26 01:00:26.308698+00', '20748', NULL, NULL),
	('b5476e57-b1f9-44d0-9441-daf936944cb5', '{"ip": "192.0.2.6", "locale": "RU", "user_id": "user-0005", "device_id": null, "app_version": "2.3.0", "device_type": "android"}', '2026-11-26 01:00:25.742+00', 1, '{"message": {}, "SenderId": "000000000000", "SentTimestamp": "1795654825742", "ApproximateReceiveCount": "1", "ApproximateFirstReceiveTimestamp": "1795654826198"}', '8f2c8b73d2536d0464265de5db44839f', 'a1def2d6-e1fe-4770-8d83-c25d48713b06', '2026-11-26 01:00:26.308698+00', '20748', NULL, NULL),
	('da450659-a80e-4151-b31b-2caef241e290', NULL, '2026-11-26 01:00:25.742+00', 1, NULL, NULL, 'a1def2d6-e1fe-4770-8d83-c25d48713b06', '2026-11-26 01:00:26.308698+00', '20748', 'erased', '2026-11-26 01:00:34.652784+00'),
	('ec2f89f0-6c26-471f-ac12-384dbedc1d6d', '{"ip": "::ffff:198.51.100.7", "locale": "RU", "user_id": "user-0005", "device_id": "device-shared", "app_version": "2.3.0", "device_type": "android"}', '2026-11-26 01:00:25.742+00', 1, '{"message": {}, "SenderId": "000000000000", "SentTimestamp": "1795654825742", "ApproximateReceiveCount": "1", "ApproximateFirstReceiveTimestamp": "1795654826198"}', '5e9c7bcf6df2be0901e2ab669eeaf6e3', 'a1def2d6-e1fe-4770-8d83-c25d48713b06', '2026-11-26 01:00:26.308698+00', '20748', NULL, NULL),
	('da52dbc8-ce51-421e-b4b5-b2d044b71505', NULL, '2026-11-26 01:00:25.742+00', 1, NULL, NULL, 'a1def2d6-e1fe-4770-8d83-c25d48713b06', '2026-11-26 01:00:26.308698+00', '20748', 'erased', '2026-11-26 01:00:34.652784+00'),
	('1a1d2444-dc68-4209-8c6b-0d0ee5f832de', '{"ip": "192.0.2.2", "locale": 1, "user_id": "user-0001", "device_id": "device-0001", "app_version": "2.3.0", "device_type": "android"}', '2026-11-26 01:00:34.731+00', 1, '{"message": {}, "SenderId": "000000000000", "SentTimestamp": "1795654834731", "ApproximateReceiveCount": "1", "ApproximateFirstReceiveTimestamp": "1795654835082"}', '509e5e9b5d79091b16c4485c5f2b0b1c', '3b52aa0f-8988-492f-981b-16a0536e6297', '2026-11-26 01:00:35.193519+00', '20765', NULL, NULL),
	('354764d3-a49b-498f-b33d-af667294d75e', '{"ip": null, "locale": "RU", "user_id": "user-0008", "device_id": " DEVICE-SHARED\n", "app_version": "2.3.0", "device_type": "android"}', '2026-11-26 01:00:34.731+00', 1, '{"message": {}, "SenderId": "000000000000", "SentTimestamp": "1795654834731", "ApproximateReceiveCount": "1", "ApproximateFirstReceiveTimestamp": "1795654835082"}', '934c520e7e0334c71a8c4b9be5ae9ed1', '3b52aa0f-8988-492f-981b-16a0536e6297', '2026-11-26 01:00:35.193519+00', '20765', NULL, NULL),
	('409e8b71-5ba7-4232-8e38-19fb21340be3', '{"ip": " 198.51.100.007 ", "locale": "RU", "user_id": "user-0001", "device_id": "device-0001", "app_version": "2.5.0", "device_type": "android"}', '2026-11-26 01:00:34.731+00', 1, '{"message": {}, "SenderId": "000000000000", "SentTimestamp": "1795654834731", "ApproximateReceiveCount": "1", "ApproximateFirstReceiveTimestamp": "1795654835082"}', '3601deca92c6ebdff7a96818d469f206', '3b52aa0f-8988-492f-981b-16a0536e6297', '2026-11-26 01:00:35.193519+00', '20765', NULL, NULL),
	('b2a77ce2-f075-42ed-87f1-68918f5f89e4', '{"ip": "192.0.2.7", "locale": null, "user_id": "user-0006", "device_id": "device-0006", "app_version": "2.3.0", "device_type": "android"}', '2026-11-26 01:00:34.731+00', 1, '{"message": {}, "SenderId": "000000000000", "SentTimestamp": "1795654834731", "ApproximateReceiveCount": "1", "ApproximateFirstReceiveTimestamp": "1795654835082"}', 'b88f68a811e5e3431a1925e7b72f6ebf', '3b52aa0f-8988-492f-981b-16a0536e6297', '2026-11-26 01:00:35.193519+00', '20765', NULL, NULL);
INSERT INTO vault.disclosure VALUES
	(1, 1, 'postgres', '127.0.0.1', '2026-11-26 01:00:34.325048+00');
INSERT INTO vault.erasure VALUES
	('68ee272f358036d90ccc729c7363b935ed1b92cb65859aeed970580f0c5a38f2', 2, 'postgres', '2026-11-26 01:00:34.652784+00');
INSERT INTO vault.masking_key VALUES
	('ip', 1, '\x36f81cf4391e49e39516980a7edb296574d8f33fdc2b5beabd430322b73f839f', false, '2026-11-26 01:00:23.822893+00'),
	('device_id', 1, '\x8890993b6c16991fb99c9b4d58ef71be9aa0e82a7ef9e0d9f820204d11c32888', false, '2026-11-26 01:00:23.822893+00'),
	('erasure', 1, '\x5db112a9b847a8f065b561e632aa81c9a74989d31894400d1fef8b85c2d78402', false, '2026-11-26 01:00:23.822893+00');
INSERT INTO vault.recovery_request OVERRIDING SYSTEM VALUE VALUES
	(1, 'masked_ip', '41c68be8a6ff6bccd2613756d130cf9a266731ac210aa76a5d979fe5f6618cc9', 'support case 4711', 'T-1', 'postgres', '127.0.0.1', '2026-11-26 01:00:34.320955+00', '20762');
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
CREATE INDEX "1fd776775a2b857c200b1a0cd7072dfb" ON public.user_logins USING hash (masked_ip);
CREATE INDEX "6840ddd15db639750a344eb5f161b21d" ON public.user_logins USING btree (user_id, app_version, create_date);
CREATE INDEX a3ef97884fc97581ad9718e4817f7fb8 ON public.user_logins USING btree (create_date);
CREATE INDEX e0d090fcddc0fbaf68385b2bdbc7703c ON public.user_logins USING hash (masked_device_id);
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
