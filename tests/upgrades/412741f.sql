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
	(2004000, '2.4.0', 1, 1, '2026-11-26 00:37:08.492+00', '2026-11-26 00:37:08.492+00'),
	(2003000, '2.3.0', 6, 5, '2026-08-27 00:37:06.172+00', '2026-11-26 00:37:08.492+00');
INSERT INTO public.daily_app_versions VALUES
	('2026-11-26', 2003000, '2.3.0', 4, 3, 3, '2026-11-26 00:37:08.492+00', '2026-11-26 00:37:08.492+00'),
	('2026-11-26', 2004000, '2.4.0', 1, 1, 1, '2026-11-26 00:37:08.492+00', '2026-11-26 00:37:08.492+00'),
	('2026-08-27', 2003000, '2.3.0', 2, 2, 2, '2026-08-27 00:37:06.172+00', '2026-08-27 00:37:06.215+00');
INSERT INTO public.daily_logins VALUES
	('2026-08-27', 'android', 'RU', 2, 2, 0, 0),
	('2026-11-26', 'android', 'RU', 4, 3, 0, 0),
	('2026-11-26', 'android', NULL, 1, 1, 0, 0);
INSERT INTO public.load_receipts VALUES
	('37cac369-39cf-4116-b62c-2d19dec795da', '2026-11-26 00:37:06.197033+00', 1, 1, 0, 0),
	('037bdad0-e01d-4a3e-abb7-4ab78f8b8f75', '2026-11-26 00:37:07.135407+00', 4, 2, 1, 1),
	('ef735ae3-f0f1-4491-b12a-ccd667adaff8', '2026-11-26 00:37:09.211329+00', 8, 7, 0, 1);
INSERT INTO public.pipeline_health VALUES
	(10, 7, 3, 0, 2, '2026-11-26 00:37:09.211329+00', '2026-11-26 00:37:08.492+00', 0, 0, 0, '2026-11-26 00:37:20.548433+00');
INSERT INTO public.rejected_logins VALUES
	('dd8e68d0-264a-48df-ac1a-41943a2fac3e', 'ip_wrong_type', '2026-08-27 00:37:06.215+00'),
	('c5f22c46-d779-4a65-a2ae-a93a6b7f93d6', 'body_not_object', '2026-11-26 00:37:08.492+00');
INSERT INTO public.shared_identifiers VALUES
	('device_id', '70b39cadd11561825af1d8d050c039c04a74582597621203e5751414e66e122d', 2, 2, '2026-08-27 00:37:06.172+00', '2026-11-26 00:37:08.492+00'),
	('ip', 'c62c3d6303a671d8c932c65a4655aea87165f5a466841ee361f8e0acf69e7587', 2, 2, '2026-08-27 00:37:06.172+00', '2026-11-26 00:37:08.492+00');
INSERT INTO public.user_logins VALUES
	('user-0001', 'android', 'c62c3d6303a671d8c932c65a4655aea87165f5a466841ee361f8e0acf69e7587', '70b39cadd11561825af1d8d050c039c04a74582597621203e5751414e66e122d', 'RU', 2003000, '2026-08-27', 'f96cd61c-14a4-408d-ba54-5a2a0194f643', '2026-08-27 00:37:06.172+00'),
	('user-0002', 'android', '6af3427d02b500fe117ba5e9419b6771a03e914bcc696dd6fde1ee28e7ed3ace', 'e276c45bcb01b6fb5f35254c8993c70ac6ca58511b27ffe795f120d2c2381887', 'RU', 2003000, '2026-08-27', 'c5d17e94-1f7a-42d4-84e8-6759f0051b38', '2026-08-27 00:37:06.215+00'),
	('user-0001', 'android', '3876d3632fdcf68b53deff85cdf56b61b26dcb6ba49b5cc8868da95e7db2da03', '1f64851c26602002be74f5292498d9c450fe36ce373cfeacea01010aa463039c', 'RU', 2004000, '2026-11-26', '5d76bb3c-fa64-4950-9e5c-b092a5fcb699', '2026-11-26 00:37:08.492+00'),
	('user-0006', 'android', '4bee9c20b2338767c8fd1add6364f127baf19bd71c13e2f2d66a8bdedfcae473', 'e5b8be3aea0e617b3cf5ffc55203b152cc1dbb1280720fc466319c314cb978e6', NULL, 2003000, '2026-11-26', '920c1ce0-49b5-4100-866f-d078b9b5d4a6', '2026-11-26 00:37:08.492+00'),
	('user-0005', 'android', 'c62c3d6303a671d8c932c65a4655aea87165f5a466841ee361f8e0acf69e7587', '70b39cadd11561825af1d8d050c039c04a74582597621203e5751414e66e122d', 'RU', 2003000, '2026-11-26', 'fbcbb719-9521-40da-a7d3-75de5c861234', '2026-11-26 00:37:08.492+00'),
	('user-0005', 'android', 'b1a8def8478c791ae239252f015bc974d64bf47dcdd9fbe4a33148a6e6f8bb48', NULL, 'RU', 2003000, '2026-11-26', 'fd795bd8-1cc0-49f2-8e3f-8045b29ba9a3', '2026-11-26 00:37:08.492+00');
INSERT INTO raw.loads VALUES
	('37cac369-39cf-4116-b62c-2d19dec795da', 1, 1, 0, 0, '2026-11-26 00:37:06.197033+00', 'postgres', '20741'),
	('037bdad0-e01d-4a3e-abb7-4ab78f8b8f75', 4, 2, 1, 1, '2026-11-26 00:37:07.135407+00', 'postgres', '20743'),
	('ef735ae3-f0f1-4491-b12a-ccd667adaff8', 8, 7, 0, 1, '2026-11-26 00:37:09.211329+00', 'postgres', '20748'),
	('8ca886c6-dc20-46d3-a3ac-4d9c6b1b6fe9', 5, 4, 0, 1, '2026-11-26 00:37:24.338217+00', 'postgres', '20764');
INSERT INTO raw.model_windows VALUES
	('public.user_logins', '20753', '20753', 'device_id:1 ip:1', '0', '20753'),
	('public.rejected_logins', '20753', '20753', 'device_id:1 ip:1', '0', '20753'),
	('public.daily_app_versions', '20753', '20753', 'device_id:1 ip:1', '0', '20763'),
	('public.daily_logins', '20753', '20753', 'device_id:1 ip:1', '0', '20763'),
	('public.load_receipts', '20753', '20753', 'device_id:1 ip:1', '0', '20763'),
	('public.shared_identifiers', '20753', '20753', 'device_id:1 ip:1', '0', '20763');
INSERT INTO raw.quarantined_messages VALUES
	('702f9754-4d95-4fb4-a25e-a5b2f9b28192', '{"user_id": "user-0004", "ip": "192.0.2.4', '2026-08-27 00:37:06.215+00', 1, '{"SenderId": "000000000000", "SentTimestamp": "1795653426215", "ApproximateReceiveCount": "1", "ApproximateFirstReceiveTimestamp": "1795653427006", "message": {}}', '9148549543cae087a8e39dfb4b6ccb79', '037bdad0-e01d-4a3e-abb7-4ab78f8b8f75', '2026-11-26 00:37:07.135407+00', '20743', '22P02', 'invalid input syntax for type json', NULL, NULL),
	('caddeba9-d4ca-4556-8e24-21363ce7c749', '{"user_id": "user-0001", "ip": "192.0.2.1', '2026-11-26 00:37:08.492+00', 1, '{"SenderId": "000000000000", "SentTimestamp": "1795653428492", "ApproximateReceiveCount": "1", "ApproximateFirstReceiveTimestamp": "1795653429091", "message": {}}', '73b454ea6b7090d71251dc6764a0c56e', 'ef735ae3-f0f1-4491-b12a-ccd667adaff8', '2026-11-26 00:37:09.211329+00', '20748', '22P02', 'invalid input syntax for type json', NULL, NULL),
	('dbc7b53e-8de8-4530-bcca-42815def2815', '{"user_id": "user-0008"', '2026-11-26 00:37:23.598+00', 1, '{"SenderId": "000000000000", "SentTimestamp": "1795653443598", "ApproximateReceiveCount": "1", "ApproximateFirstReceiveTimestamp": "1795653444213", "message": {}}', '6a77986a1fe5378d2aa2efd422d07074', '8ca886c6-dc20-46d3-a3ac-4d9c6b1b6fe9', '2026-11-26 00:37:24.338217+00', '20764', '22P02', 'invalid input syntax for type json', NULL, NULL);
INSERT INTO raw.raw_logins VALUES
	('f96cd61c-14a4-408d-ba54-5a2a0194f643', '{"ip": "198.51.100.7", "locale": "RU", "user_id": "user-0001", "device_id": "Device-Shared", "app_version": "2.3.0", "device_type": "android"}', '2026-08-27 00:37:06.172+00', 1, '{"SenderId": "000000000000", "SentTimestamp": "1795653426172", "ApproximateReceiveCount": "1", "ApproximateFirstReceiveTimestamp": "1795653426182"}', 'e7160bd2baf7fdac8d27f359ebd1d5db', '37cac369-39cf-4116-b62c-2d19dec795da', '2026-11-26 00:37:06.197033+00', '20741', NULL, NULL),
	('c5d17e94-1f7a-42d4-84e8-6759f0051b38', '{"ip": "192.0.2.3", "locale": "RU", "user_id": "user-0002", "device_id": "device-0002", "app_version": "2.3.0", "device_type": "android"}', '2026-08-27 00:37:06.215+00', 1, '{"message": {}, "SenderId": "000000000000", "SentTimestamp": "1795653426215", "ApproximateReceiveCount": "1", "ApproximateFirstReceiveTimestamp": "1795653427006"}', '51b0bef2e35a785afa64e66f6767dbb4', '037bdad0-e01d-4a3e-abb7-4ab78f8b8f75', '2026-11-26 00:37:07.135407+00', '20743', NULL, NULL),
	('dd8e68d0-264a-48df-ac1a-41943a2fac3e', '{"ip": 7, "locale": null, "user_id": "user-0003", "device_id": "device-0003", "app_version": "2.3.0", "device_type": "android"}', '2026-08-27 00:37:06.215+00', 1, '{"message": {}, "SenderId": "000000000000", "SentTimestamp": "1795653426215", "ApproximateReceiveCount": "1", "ApproximateFirstReceiveTimestamp": "1795653427006"}', '8632e68fa06494b4c858f0986341f5fa', '037bdad0-e01d-4a3e-abb7-4ab78f8b8f75', '2026-11-26 00:37:07.135407+00', '20743', NULL, NULL),
	('5d76bb3c-fa64-4950-9e5c-b092a5fcb699', '{"ip": "192.0.2.2", "locale": "RU", "user_id": "user-0001", "device_id": "device-0001", "app_version": "2.4.0", "device_type": "android"}', '2026-11-26 00:37:08.492+00', 1, '{"message": {}, "SenderId": "000000000000", "SentTimestamp": "1795653428492", "ApproximateReceiveCount": "1", "ApproximateFirstReceiveTimestamp": "1795653429091"}', '081aff8ab71d28493eae851a72e16980', 'ef735ae3-f0f1-4491-b12a-ccd667adaff8', '2026-11-26 00:37:09.211329+00', '20748', NULL, NULL),
	('920c1ce0-49b5-4100-866f-d078b9b5d4a6', '{"ip": "192.0.2.7", "locale": null, "user_id": "user-0006", "device_id": "device-0006", "app_version": "2.3.0", "device_type": "android"}', '2026-11-26 00:37:08.492+00', 1, '{"message": {}, "SenderId": "000000000000", "SentTimestamp": "1795653428492", "ApproximateReceiveCount": "1", "ApproximateFirstReceiveTimestamp": "1795653429091"}', 'b88f68a811e5e3431a1925e7b72f6ebf', 'ef735ae3-f0f1-4491-b12a-ccd667adaff8', '2026-11-26 00:37:09.211329+00', '20748', NULL, NULL),
	('c5f22c46-d779-4a65-a2ae-a93a6b7f93d6', '[1]', '2026-11-26 00:37:08.492+00', 1, '{"message": {}, "SenderId": "000000000000", "SentTimestamp": "1795653428492", "ApproximateReceiveCount": "1", "ApproximateFirstReceiveTimestamp": "1795653429091"}', '35dba5d75538a9bbe0b4da4422759a0e', 'ef735ae3-f0f1-4491-b12a-ccd667adaff8', '2026-11-26 00:37:09.211329+00', '20748', NULL, NULL),
	('fbcbb719-9521-40da-a7d3-75de5c861234', '{"ip": "::ffff:198.51.100.7", "locale": "RU", "user_id": "user-0005", "device_id": "device-shared", "app_version": "2.3.0", "device_type": "android"}', '2026-11-26 00:37:08.492+00', 1, '{"message": {}, "SenderId": "000000000000", "SentTimestamp": "1795653428492", "ApproximateReceiveCount": "1", "ApproximateFirstReceiveTimestamp": "1795653429091"}', '5e9c7bcf6df2be0901e2ab669eeaf6e3', 'ef735ae3-f0f1-4491-b12a-ccd667adaff8', '2026-11-26 00:37:09.211329+00', '20748', NULL, NULL),
	('fd795bd8-1cc0-49f2-8e3f-8045b29ba9a3', '{"ip": "192.0.2.6", "locale": "RU", "user_id": "user-0005", "device_id": null, "app_version": "2.3.0", "device_type": "android"}', '2026-11-26 00:37:08.492+00', 1, '{"message": {}, "SenderId": "000000000000", "SentTimestamp": "1795653428492", "ApproximateReceiveCount": "1", "ApproximateFirstReceiveTimestamp": "1795653429091"}', '8f2c8b73d2536d0464265de5db44839f', 'ef735ae3-f0f1-4491-b12a-ccd667adaff8', '2026-11-26 00:37:09.211329+00', '20748', NULL, NULL),
	('47a5fc8c-3011-4e3f-b4ea-83e3979ccb0c', NULL, '2026-11-26 00:37:08.492+00', 1, NULL, NULL, 'ef735ae3-f0f1-4491-b12a-ccd667adaff8', '2026-11-26 00:37:09.211329+00', '20748', 'erased', '2026-11-26 00:37:23.40811+00'),
	('d413f4a5-b057-424f-937a-8d5bd37d2406', NULL, '2026-11-26 00:37:08.492+00', 1, NULL, NULL, 'ef735ae3-f0f1-4491-b12a-ccd667adaff8', '2026-11-26 00:37:09.211329+00', '20748', 'erased', '2026-11-26 00:37:23.40811+00'),
	('6430ca9b-8361-42c2-8108-c7c5415baa26', '{"ip": "192.0.2.7", "locale": null, "user_id": "user-0006", "device_id": "device-0006", "app_version": "2.3.0", "device_type": "android"}', '2026-11-26 00:37:23.598+00', 1, '{"message": {}, "SenderId": "000000000000", "SentTimestamp": "1795653443598", "ApproximateReceiveCount": "1", "ApproximateFirstReceiveTimestamp": "1795653444213"}', 'b88f68a811e5e3431a1925e7b72f6ebf', '8ca886c6-dc20-46d3-a3ac-4d9c6b1b6fe9', '2026-11-26 00:37:24.338217+00', '20764', NULL, NULL),
	('65f828f2-68fb-4f6b-bfb3-0d081df721ab', '{"ip": " 198.51.100.007 ", "locale": "RU", "user_id": "user-0001", "device_id": "device-0001", "app_version": "2.5.0", "device_type": "android"}', '2026-11-26 00:37:23.598+00', 1, '{"message": {}, "SenderId": "000000000000", "SentTimestamp": "1795653443598", "ApproximateReceiveCount": "1", "ApproximateFirstReceiveTimestamp": "1795653444213"}', '3601deca92c6ebdff7a96818d469f206', '8ca886c6-dc20-46d3-a3ac-4d9c6b1b6fe9', '2026-11-26 00:37:24.338217+00', '20764', NULL, NULL),
	('bc01b25d-a574-4dfd-a368-03b54bafaed5', '{"ip": "192.0.2.2", "locale": 1, "user_id": "user-0001", "device_id": "device-0001", "app_version": "2.3.0", "device_type": "android"}', '2026-11-26 00:37:23.598+00', 1, '{"message": {}, "SenderId": "000000000000", "SentTimestamp": "1795653443598", "ApproximateReceiveCount": "1", "ApproximateFirstReceiveTimestamp": "1795653444213"}', '509e5e9b5d79091b16c4485c5f2b0b1c', '8ca886c6-dc20-46d3-a3ac-4d9c6b1b6fe9', '2026-11-26 00:37:24.338217+00', '20764', NULL, NULL),
	('dac48187-1562-4cff-86d4-e67b83d960cd', '{"ip": null, "locale": "RU", "user_id": "user-0008", "device_id": " DEVICE-SHARED\n", "app_version": "2.3.0", "device_type": "android"}', '2026-11-26 00:37:23.598+00', 1, '{"message": {}, "SenderId": "000000000000", "SentTimestamp": "1795653443598", "ApproximateReceiveCount": "1", "ApproximateFirstReceiveTimestamp": "1795653444213"}', '934c520e7e0334c71a8c4b9be5ae9ed1', '8ca886c6-dc20-46d3-a3ac-4d9c6b1b6fe9', '2026-11-26 00:37:24.338217+00', '20764', NULL, NULL);
INSERT INTO vault.disclosure VALUES
	(1, 1, 'postgres', '127.0.0.1', '2026-11-26 00:37:22.664973+00');
INSERT INTO vault.erasure VALUES
	('f2f27701f2c2756af1b5808b0de9f9aafc2e2c637623f74c279fa92274e549b9', 2, 'postgres', '2026-11-26 00:37:23.40811+00');
INSERT INTO vault.masking_key VALUES
	('ip', 1, '\x16fe29b88e2150ccade9a3266289acb5c158de400bbff2deff61014c9f3b3375', false, '2026-11-26 00:37:05.825936+00'),
	('device_id', 1, '\x4024cb07afc1c926fe70396a83b8bf9eb8b8830f313c3bf3aa50d0770bf4bf4e', false, '2026-11-26 00:37:05.825936+00'),
	('erasure', 1, '\xc19aa8dd380854fa7242a42193e8db7917f5c4d6a3ed5d07a9462b9f2f5bf8f9', false, '2026-11-26 00:37:05.825936+00');
INSERT INTO vault.recovery_request OVERRIDING SYSTEM VALUE VALUES
	(1, 'masked_ip', '4bee9c20b2338767c8fd1add6364f127baf19bd71c13e2f2d66a8bdedfcae473', 'support case 4711', 'T-1', 'postgres', '127.0.0.1', '2026-11-26 00:37:22.65757+00', '20761');
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
CREATE INDEX "0490bc73ff88a97105d49fe563f2153e" ON public.user_logins USING btree (user_id, app_version, create_date);
CREATE INDEX "225d7684281930867a7c4b01e369cde7" ON public.user_logins USING btree (create_date);
CREATE INDEX "2cdf777ca33c583b99efcb11257863cd" ON public.user_logins USING hash (masked_device_id);
CREATE INDEX "832c3d1604d346d9fd091f40cab32c56" ON public.user_logins USING hash (masked_ip);
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
