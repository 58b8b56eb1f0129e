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
CREATE FUNCTION raw.land(load uuid, message_ids text[], bodies text[], sent_ats timestamp with time zone[], receive_counts integer[], attribute_texts text[], body_md5s text[], OUT landed integer, OUT quarantined integer) RETURNS record
    LANGUAGE plpgsql
    SET search_path TO 'pg_catalog', 'pg_temp'
    AS $$
declare
    messages constant integer := cardinality(message_ids);
    middle constant integer := messages / 2;
    code text;
    problem text;
    half record;
    part record;
begin
    landed := 0;
    quarantined := 0;
    begin
        -- ON CONFLICT without a target needs no right to read the table.
        insert into raw.raw_logins (
            message_id, body, sent_at, receive_count, attributes, body_md5, load_id
        )
        select
            m.message_id, m.body::jsonb, m.sent_at, m.receive_count, m.attributes::jsonb, m.body_md5, load
        from unnest(message_ids, bodies, sent_ats, receive_counts, attribute_texts, body_md5s)
            as m (message_id, body, sent_at, receive_count, attributes, body_md5)
        on conflict do nothing;
        get diagnostics landed = row_count;
        return;
    exception
        -- What jsonb cannot hold. An error that is caught here never reaches the server log,
        -- where its CONTEXT would quote the body.
        when data_exception or program_limit_exceeded then
            get stacked diagnostics code = returned_sqlstate, problem = message_text;
        when integrity_constraint_violation then
            get stacked diagnostics code = returned_sqlstate, problem = message_text;
            raise exception using errcode = code, message = problem; -- without DETAIL: the row
    end;
    if messages = 1 then
        insert into raw.quarantined_messages (
            message_id, body, sent_at, receive_count, attributes, body_md5, load_id, sqlstate, reason
        )
        values (
            message_ids[1], bodies[1], sent_ats[1], receive_counts[1], attribute_texts[1],
            body_md5s[1], load, code, problem
        )
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
$$;
ALTER FUNCTION raw.land(load uuid, message_ids text[], bodies text[], sent_ats timestamp with time zone[], receive_counts integer[], attribute_texts text[], body_md5s text[], OUT landed integer, OUT quarantined integer) OWNER TO login_owner;
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
    more integer;
begin
    erased := vault.erase_hashes(array[user_hash]);
    -- What is no login has its user anywhere.
    with gone as (
        update raw.raw_logins as r
        set body = null, attributes = null, body_md5 = null, removed = 'erased', removed_at = now()
        where
            jsonb_typeof(r.body -> 'user_id') is distinct from 'string'
            and (
                jsonb_path_exists(r.body, '$.** ? (@ == $user)', jsonb_build_object('user', user_id))
                or jsonb_typeof(r.body) = 'string' and r.body #>> '{}' ~ word
            )
        returning r.message_id
    )
    select coalesce(array_agg(g.message_id), '{}') into found from gone as g;
    perform vault.unpublish(found);
    erased := erased + cardinality(found);
    update raw.quarantined_messages as q
    set body = null, attributes = null, body_md5 = null, removed = 'erased', removed_at = now()
    where q.body !~ '"user_id"\s*:\s*"[^"\\]*"' and q.body ~ word;
    get diagnostics more = row_count;
    erased := erased + more;
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
    erasure_key constant bytea := (
        select k.secret from vault.masking_key as k where k.domain = 'erasure'
    );
    model regclass;
    found text[];
    in_model text[];
    quarantined integer;
begin
    if erasure_key is null then
        raise exception 'there is no key of domain erasure: restore it, or hashes mean nothing';
    end if;
    lock table raw.model_windows in exclusive mode;
    select coalesce(array_agg(r.message_id), '{}') into found
    from raw.raw_logins as r
    where encode(public.hmac(convert_to(r.body ->> 'user_id', 'UTF8'), erasure_key, 'sha256'), 'hex')
        = any(user_hashes);
    -- Of purged messages only the models still know whose they are.
    for model in select vault.model_table(w.model) from raw.model_windows as w order by w.model loop
        if exists (select from pg_attribute where attrelid = model and attname = 'user_id') then
            execute format(
                'select array_agg(m.message_id) from only %s as m where encode('
                'public.hmac(convert_to(m.user_id, ''UTF8''), $1, ''sha256''), ''hex'') = any($2)', model
            ) into in_model using erasure_key, user_hashes;
            found := found || in_model;
        end if;
    end loop;
    perform vault.unpublish(found);
    update raw.raw_logins as r
    set body = null, attributes = null, body_md5 = null, removed = 'erased', removed_at = now()
    where r.message_id = any(found);
    update raw.quarantined_messages as q
    set body = null, attributes = null, body_md5 = null, removed = 'erased', removed_at = now()
    where encode(
        public.hmac(
            convert_to(substring(q.body from '"user_id"\s*:\s*"([^"]*)'), 'UTF8'), erasure_key, 'sha256'
        ), 'hex'
    ) = any(user_hashes);
    get diagnostics quarantined = row_count;
    return (select count(distinct m.id) from unnest(found) as m (id)) + quarantined;
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
            and not (c.relhastriggers or c.relhasrules or c.relrowsecurity or c.relhassubclass)
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
    lock table raw.model_windows in exclusive mode;
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
	(2004000, '2.4.0', 1, 1, '2026-11-26 01:00:11.202+00', '2026-11-26 01:00:11.202+00'),
	(2003000, '2.3.0', 6, 5, '2026-08-27 01:00:09.573+00', '2026-11-26 01:00:11.202+00');
INSERT INTO public.daily_app_versions VALUES
	('2026-11-26', 2003000, '2.3.0', 4, 3, 3, '2026-11-26 01:00:11.202+00', '2026-11-26 01:00:11.202+00'),
	('2026-11-26', 2004000, '2.4.0', 1, 1, 1, '2026-11-26 01:00:11.202+00', '2026-11-26 01:00:11.202+00'),
	('2026-08-27', 2003000, '2.3.0', 2, 2, 2, '2026-08-27 01:00:09.573+00', '2026-08-27 01:00:09.591+00');
INSERT INTO public.daily_logins VALUES
	('2026-08-27', 'android', 'RU', 2, 2, 0, 0),
	('2026-11-26', 'android', 'RU', 4, 3, 0, 0),
	('2026-11-26', 'android', NULL, 1, 1, 0, 0);
INSERT INTO public.load_receipts VALUES
	('3558364b-d1f1-414c-b21e-41d789ceed5b', '2026-11-26 01:00:09.583479+00', 1, 1, 0, 0),
	('e2b90dd7-9e93-4068-9e7d-f4b78c25bb6d', '2026-11-26 01:00:10.07578+00', 4, 2, 1, 1),
	('0a307a66-c750-43cb-acae-01f75ca97925', '2026-11-26 01:00:11.736131+00', 8, 7, 0, 1);
INSERT INTO public.pipeline_health VALUES
	(10, 7, 3, 0, 2, '2026-11-26 01:00:11.736131+00', '2026-11-26 01:00:11.202+00', 0, 0, 0, '2026-11-26 01:00:17.269368+00');
INSERT INTO public.rejected_logins VALUES
	('f2257f2b-a8e7-4411-8c0a-5184a638bc10', 'ip_wrong_type', '2026-08-27 01:00:09.591+00'),
	('7f35c389-5805-4a52-b1ac-b2885b7d01c5', 'body_not_object', '2026-11-26 01:00:11.202+00');
INSERT INTO public.shared_identifiers VALUES
	('device_id', '941651050d45df043b20a38beaeae4820ee93e7259d13c20687b96e27116f9c8', 2, 2, '2026-08-27 01:00:09.573+00', '2026-11-26 01:00:11.202+00'),
	('ip', '885388d27280e12f1d18646bca62d4d5165dfde2d6c5be099e41c86ab653de21', 2, 2, '2026-08-27 01:00:09.573+00', '2026-11-26 01:00:11.202+00');
INSERT INTO public.user_logins VALUES
	('user-0001', 'android', '885388d27280e12f1d18646bca62d4d5165dfde2d6c5be099e41c86ab653de21', '941651050d45df043b20a38beaeae4820ee93e7259d13c20687b96e27116f9c8', 'RU', 2003000, '2026-08-27', '858a77b3-9d3d-45f6-bd9d-a7dbae224fcc', '2026-08-27 01:00:09.573+00'),
	('user-0002', 'android', '9091e17854f7b3d7938a590d634092dd1f3ef63fabc19fb5fe902094ef4431ef', '138306537d87f5e03d1c8c97078838ebb455894187a7d58dc12df12bcd1db263', 'RU', 2003000, '2026-08-27', 'ff40d77d-a475-48ee-94b5-2934418af635', '2026-08-27 01:00:09.591+00'),
	('user-0005', 'android', 'f5d5b75d0a1601a616a9f4444e2ac73b40f9e89782692c8650c43a58ea41b724', NULL, 'RU', 2003000, '2026-11-26', '157d7f58-03a1-4f82-bad4-f5ccfeeb45df', '2026-11-26 01:00:11.202+00'),
	('user-0006', 'android', '9035652b1447840bd152e7a0d6a369c78ab49e99dafa4edd16f62bb0de5cb72d', '0696573d5b4e56a77316ea20435ba77f9faa6ccb1124954035ce031bad3e0811', NULL, 2003000, '2026-11-26', 'beed2aa3-43c2-4cb0-b5aa-5010b7f87ce3', '2026-11-26 01:00:11.202+00'),
	('user-0001', 'android', 'be28db1edff00b735c68bc250c5c6d2dca71bf1b5415f612e72b213167a82f46', '3300f7036e335656be04f5b14217e10ddf4b261b435d29ba13b77e4887e0339e', 'RU', 2004000, '2026-11-26', 'ea81afef-3ff7-4829-a8c1-bb8d3e2efbe6', '2026-11-26 01:00:11.202+00'),
	('user-0005', 'android', '885388d27280e12f1d18646bca62d4d5165dfde2d6c5be099e41c86ab653de21', '941651050d45df043b20a38beaeae4820ee93e7259d13c20687b96e27116f9c8', 'RU', 2003000, '2026-11-26', 'eedea8b8-31a2-4084-ab06-bb8831dfd099', '2026-11-26 01:00:11.202+00');
INSERT INTO raw.loads VALUES
	('3558364b-d1f1-414c-b21e-41d789ceed5b', 1, 1, 0, 0, '2026-11-26 01:00:09.583479+00', 'postgres', '20741'),
	('e2b90dd7-9e93-4068-9e7d-f4b78c25bb6d', 4, 2, 1, 1, '2026-11-26 01:00:10.07578+00', 'postgres', '20743'),
	('0a307a66-c750-43cb-acae-01f75ca97925', 8, 7, 0, 1, '2026-11-26 01:00:11.736131+00', 'postgres', '20747'),
	('43f4853d-8cda-4a8e-97a2-00c03f3929e1', 5, 4, 0, 1, '2026-11-26 01:00:19.129379+00', 'postgres', '20765');
INSERT INTO raw.model_windows VALUES
	('public.user_logins', '20754', '20754', 'device_id:1 ip:1', '0', '20754'),
	('public.rejected_logins', '20754', '20754', 'device_id:1 ip:1', '0', '20754'),
	('public.daily_app_versions', '20754', '20754', 'device_id:1 ip:1', '0', '20764'),
	('public.daily_logins', '20754', '20754', 'device_id:1 ip:1', '0', '20764'),
	('public.load_receipts', '20754', '20754', 'device_id:1 ip:1', '0', '20764'),
	('public.shared_identifiers', '20754', '20754', 'device_id:1 ip:1', '0', '20764');
INSERT INTO raw.quarantined_messages VALUES
	('1eb8a2e0-0a90-4291-ac90-f5df15985471', '{"user_id": "user-0001", "ip": "192.0.2.1', '2026-11-26 01:00:11.202+00', 1, '{"SenderId": "000000000000", "SentTimestamp": "1795654811202", "ApproximateReceiveCount": "1", "ApproximateFirstReceiveTimestamp": "1795654811625", "message": {}}', '73b454ea6b7090d71251dc6764a0c56e', '0a307a66-c750-43cb-acae-01f75ca97925', '2026-11-26 01:00:11.736131+00', '20747', '22P02', 'invalid input syntax for type json', NULL, NULL),
	('61f6522e-5028-47a0-88f5-67f0a948c91d', '{"user_id": "user-0008"', '2026-11-26 01:00:18.678+00', 1, '{"SenderId": "000000000000", "SentTimestamp": "1795654818678", "ApproximateReceiveCount": "1", "ApproximateFirstReceiveTimestamp": "1795654819019", "message": {}}', '6a77986a1fe5378d2aa2efd422d07074', '43f4853d-8cda-4a8e-97a2-00c03f3929e1', '2026-11-26 01:00:19.129379+00', '20765', '22P02', 'invalid input syntax for type json', NULL, NULL),
	('e8ccfd19-d7d3-48da-b041-7ea0f4ddec36', NULL, '2026-08-27 01:00:09.591+00', 1, NULL, NULL, 'e2b90dd7-9e93-4068-9e7d-f4b78c25bb6d', '2026-11-26 01:00:10.07578+00', '20743', '22P02', 'invalid input syntax for type json', 'purged', '2026-11-26 01:00:20.637332+00');
INSERT INTO raw.raw_logins VALUES
	('157d7f58-03a1-4f82-bad4-f5ccfeeb45df', '{"ip": "192.0.2.6", "locale": "RU", "user_id": "user-0005", "device_id": null, "app_version": "2.3.0", "device_type": "android"}', '2026-11-26 01:00:11.202+00', 1, '{"message": {}, "SenderId": "000000000000", "SentTimestamp": "1795654811202", "ApproximateReceiveCount": "1", "ApproximateFirstReceiveTimestamp": "1795654811625"}', '8f2c8b73d2536d0464265de5db44839f', '0a307a66-c750-43cb-acae-01f75ca97925', '2026-11-26 01:00:11.736131+00', '20747', NULL, NULL),
	('7f35c389-5805-4a52-b1ac-b2885b7d01c5', '[1]', '2026-11-26 01:00:11.202+00', 1, '{"message": {}, "SenderId": "000000000000", "SentTimestamp": "1795654811202", "ApproximateReceiveCount": "1", "ApproximateFirstReceiveTimestamp": "1795654811625"}', '35dba5d75538a9bbe0b4da4422759a0e', '0a307a66-c750-43cb-acae-01f75ca97925', '2026-11-26 01:00:11.736131+00', '20747', NULL, NULL),
	('beed2aa3-43c2-4cb0-b5aa-5010b7f87ce3', '{"ip": "192.0.2.7", "locale": null, "user_id": "user-0006", "device_id": "device-0006", "app_version": "2.3.0", "device_type": "android"}', '2026-11-26 01:00:11.202+00', 1, '{"message": {}, "SenderId": "000000000000", "SentTimestamp": "1795654811202", "ApproximateReceiveCount": "1", "ApproximateFirstReceiveTimestamp": "1795654811625"}', 'b88f68a811e5e3431a1925e7b72f6ebf', '0a307a66-c750-43cb-acae-01f75ca97925', '2026-11-26 01:00:11.736131+00', '20747', NULL, NULL),
	('ea81afef-3ff7-4829-a8c1-bb8d3e2efbe6', '{"ip": "192.0.2.2", "locale": "RU", "user_id": "user-0001", "device_id": "device-0001", "app_version": "2.4.0", "device_type": "android"}', '2026-11-26 01:00:11.202+00', 1, '{"message": {}, "SenderId": "000000000000", "SentTimestamp": "1795654811202", "ApproximateReceiveCount": "1", "ApproximateFirstReceiveTimestamp": "1795654811625"}', '081aff8ab71d28493eae851a72e16980', '0a307a66-c750-43cb-acae-01f75ca97925', '2026-11-26 01:00:11.736131+00', '20747', NULL, NULL),
	('eedea8b8-31a2-4084-ab06-bb8831dfd099', '{"ip": "::ffff:198.51.100.7", "locale": "RU", "user_id": "user-0005", "device_id": "device-shared", "app_version": "2.3.0", "device_type": "android"}', '2026-11-26 01:00:11.202+00', 1, '{"message": {}, "SenderId": "000000000000", "SentTimestamp": "1795654811202", "ApproximateReceiveCount": "1", "ApproximateFirstReceiveTimestamp": "1795654811625"}', '5e9c7bcf6df2be0901e2ab669eeaf6e3', '0a307a66-c750-43cb-acae-01f75ca97925', '2026-11-26 01:00:11.736131+00', '20747', NULL, NULL),
	('69329349-cf09-47d3-a8f9-9c0b34e5c60a', NULL, '2026-11-26 01:00:11.202+00', 1, NULL, NULL, '0a307a66-c750-43cb-acae-01f75ca97925', '2026-11-26 01:00:11.736131+00', '20747', 'erased', '2026-11-26 01:00:18.610685+00'),
	('df0dab7e-2b35-4891-a2ab-56b542c0b840', NULL, '2026-11-26 01:00:11.202+00', 1, NULL, NULL, '0a307a66-c750-43cb-acae-01f75ca97925', '2026-11-26 01:00:11.736131+00', '20747', 'erased', '2026-11-26 01:00:18.610685+00'),
	('278a5a60-1701-4a86-bbf8-378c1c5d37a3', '{"ip": "192.0.2.2", "locale": 1, "user_id": "user-0001", "device_id": "device-0001", "app_version": "2.3.0", "device_type": "android"}', '2026-11-26 01:00:18.678+00', 1, '{"message": {}, "SenderId": "000000000000", "SentTimestamp": "1795654818678", "ApproximateReceiveCount": "1", "ApproximateFirstReceiveTimestamp": "1795654819019"}', '509e5e9b5d79091b16c4485c5f2b0b1c', '43f4853d-8cda-4a8e-97a2-00c03f3929e1', '2026-11-26 01:00:19.129379+00', '20765', NULL, NULL),
	('9ae8a9fe-93d9-41dd-84d7-5939db244739', '{"ip": " 198.51.100.007 ", "locale": "RU", "user_id": "user-0001", "device_id": "device-0001", "app_version": "2.5.0", "device_type": "android"}', '2026-11-26 01:00:18.678+00', 1, '{"message": {}, "SenderId": "000000000000", "SentTimestamp": "1795654818678", "ApproximateReceiveCount": "1", "ApproximateFirstReceiveTimestamp": "1795654819019"}', '3601deca92c6ebdff7a96818d469f206', '43f4853d-8cda-4a8e-97a2-00c03f3929e1', '2026-11-26 01:00:19.129379+00', '20765', NULL, NULL),
	('a4bb5fb5-11ca-4939-8678-9086d59283d5', '{"ip": "192.0.2.7", "locale": null, "user_id": "user-0006", "device_id": "device-0006", "app_version": "2.3.0", "device_type": "android"}', '2026-11-26 01:00:18.678+00', 1, '{"message": {}, "SenderId": "000000000000", "SentTimestamp": "1795654818678", "ApproximateReceiveCount": "1", "ApproximateFirstReceiveTimestamp": "1795654819019"}', 'b88f68a811e5e3431a1925e7b72f6ebf', '43f4853d-8cda-4a8e-97a2-00c03f3929e1', '2026-11-26 01:00:19.129379+00', '20765', NULL, NULL),
	('c11a6ef5-44c5-4871-8126-5dc60a05b32b', '{"ip": null, "locale": "RU", "user_id": "user-0008", "device_id": " DEVICE-SHARED\n", "app_version": "2.3.0", "device_type": "android"}', '2026-11-26 01:00:18.678+00', 1, '{"message": {}, "SenderId": "000000000000", "SentTimestamp": "1795654818678", "ApproximateReceiveCount": "1", "ApproximateFirstReceiveTimestamp": "1795654819019"}', '934c520e7e0334c71a8c4b9be5ae9ed1', '43f4853d-8cda-4a8e-97a2-00c03f3929e1', '2026-11-26 01:00:19.129379+00', '20765', NULL, NULL),
	('858a77b3-9d3d-45f6-bd9d-a7dbae224fcc', NULL, '2026-08-27 01:00:09.573+00', 1, NULL, NULL, '3558364b-d1f1-414c-b21e-41d789ceed5b', '2026-11-26 01:00:09.583479+00', '20741', 'purged', '2026-11-26 01:00:20.627293+00'),
	('f2257f2b-a8e7-4411-8c0a-5184a638bc10', NULL, '2026-08-27 01:00:09.591+00', 1, NULL, NULL, 'e2b90dd7-9e93-4068-9e7d-f4b78c25bb6d', '2026-11-26 01:00:10.07578+00', '20743', 'purged', '2026-11-26 01:00:20.627293+00'),
	('ff40d77d-a475-48ee-94b5-2934418af635', NULL, '2026-08-27 01:00:09.591+00', 1, NULL, NULL, 'e2b90dd7-9e93-4068-9e7d-f4b78c25bb6d', '2026-11-26 01:00:10.07578+00', '20743', 'purged', '2026-11-26 01:00:20.627293+00');
INSERT INTO vault.disclosure VALUES
	(1, 1, 'postgres', '127.0.0.1', '2026-11-26 01:00:18.294214+00');
INSERT INTO vault.erasure VALUES
	('742bbd5f71d0aaca3aebabf6c755163331da16bcd597807cadefebface3cb64f', 2, 'postgres', '2026-11-26 01:00:18.610685+00');
INSERT INTO vault.masking_key VALUES
	('ip', 1, '\x0f55ad86d0b84a2178f90be3ef7bfd2a1f0dc25d521f77648ac631935f094344', false, '2026-11-26 01:00:09.427276+00'),
	('device_id', 1, '\x52bcfd0331f18bd6006afe0f1a157ddc03bbe9e2c35c4a110779426560fcd008', false, '2026-11-26 01:00:09.427276+00'),
	('erasure', 1, '\x1bb4f5bcb2a71eb775cec1c6f5cab017f229b3e0f2f4a0af73e5e266d5133f91', false, '2026-11-26 01:00:09.427276+00'),
	('ip', 2, '\x70fbc30e58ac899bf2d6e7a0b7c4965dcdfdcd4b4b5f6044c7820b911f955faf', true, '2026-11-26 01:00:20.983212+00'),
	('device_id', 2, '\x4c55556a566aa0a802bc72e384e0cdf8520c7316bff2bf35e478dd95f8e3cedb', true, '2026-11-26 01:00:20.983212+00');
INSERT INTO vault.recovery_request OVERRIDING SYSTEM VALUE VALUES
	(1, 'masked_ip', '9035652b1447840bd152e7a0d6a369c78ab49e99dafa4edd16f62bb0de5cb72d', 'support case 4711', 'T-1', 'postgres', '127.0.0.1', '2026-11-26 01:00:18.290246+00', '20762');
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
CREATE INDEX "625a9451dc065040b49df64ca1ac585f" ON public.user_logins USING btree (create_date);
CREATE INDEX b7a4b99dbbcae64ea4e7f7a5471d1ca1 ON public.user_logins USING btree (user_id, app_version, create_date);
CREATE INDEX d6a9035752502f1c1bb7f510e2f5fa57 ON public.user_logins USING hash (masked_ip);
CREATE INDEX fbae27a83642cdd90ab56210f0715e27 ON public.user_logins USING hash (masked_device_id);
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
REVOKE ALL ON FUNCTION raw.land(load uuid, message_ids text[], bodies text[], sent_ats timestamp with time zone[], receive_counts integer[], attribute_texts text[], body_md5s text[], OUT landed integer, OUT quarantined integer) FROM PUBLIC;
GRANT ALL ON FUNCTION raw.land(load uuid, message_ids text[], bodies text[], sent_ats timestamp with time zone[], receive_counts integer[], attribute_texts text[], body_md5s text[], OUT landed integer, OUT quarantined integer) TO login_loader;
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
