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
        -- ON CONFLICT without a target needs no right to read the table. In order of message id,
        -- so that two loaders with the same messages cannot deadlock.
        insert into raw.raw_logins (
            message_id, body, sent_at, receive_count, attributes, body_md5, load_id
        )
        select
            m.message_id, m.body::jsonb, m.sent_at, m.receive_count, m.attributes::jsonb, m.body_md5, load
        from unnest(message_ids, bodies, sent_ats, receive_counts, attribute_texts, body_md5s)
            as m (message_id, body, sent_at, receive_count, attributes, body_md5)
        order by m.message_id
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
    more integer;
begin
    erased := vault.erase_hashes(array[user_hash]);
    -- What is no login has its user anywhere.
    update raw.raw_logins as r
    set body = null, attributes = null, body_md5 = null, removed = 'erased', removed_at = now()
    where
        jsonb_typeof(r.body -> 'user_id') is distinct from 'string'
        and (
            jsonb_path_exists(r.body, '$.** ? (@ == $user)', jsonb_build_object('user', user_id))
            or jsonb_typeof(r.body) = 'string' and r.body #>> '{}' ~ word
        );
    get diagnostics more = row_count;
    erased := erased + more;
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
    for model in select vault.model_table(w.model) from raw.model_windows as w order by w.model loop
        if model is not null then
            execute format('delete from only %s where message_id = any($1)', model) using found;
        end if;
    end loop;
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
CREATE TABLE public.rejected_logins (
    message_id text NOT NULL,
    rejection_reason character varying(64) NOT NULL,
    sent_at timestamp with time zone
);
ALTER TABLE public.rejected_logins OWNER TO login_transformer;
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
    CONSTRAINT loads_check CHECK ((received = ((landed + already_there) + quarantined)))
);
ALTER TABLE raw.loads OWNER TO login_owner;
CREATE TABLE raw.model_windows (
    model text NOT NULL,
    last_xid xid8 DEFAULT '0'::xid8 NOT NULL,
    next_xid xid8 DEFAULT '0'::xid8 NOT NULL,
    key_chain text
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
    CONSTRAINT quarantined_messages_removed_check CHECK ((removed = ANY (ARRAY['erased'::text, 'purged'::text])))
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
INSERT INTO public.rejected_logins VALUES
	('b6fd19f4-2f2e-43c4-9225-0ed3c18c4f7b', 'ip_wrong_type', '2026-08-27 00:59:48.704+00'),
	('8d8293de-8131-4c5e-8097-6594c443f47f', 'body_not_object', '2026-11-26 00:59:52.188+00');
INSERT INTO public.user_logins VALUES
	('user-0001', 'android', '8a953abd3b79fe93e312b072abdc30a23708f64af92c155520bec20e1e3e9881', 'e6a6319b058639f6f4faae1a630e8389b792881bb1b8e050e4d4118eb6eef03c', 'RU', 2003000, '2026-08-27', 'c1f5f092-cba2-4d35-9e6c-b5dc73f1f391', '2026-08-27 00:59:48.678+00'),
	('user-0002', 'android', '0fde1adbcc93c77e12f73f26ccc89cc833fbfd6f791b886537f817c9e571fe3c', 'a307b19ac349cb32682650d0730bae08e2a0d1311949150dcf7c63552d7508c7', 'RU', 2003000, '2026-08-27', 'fdf6bfbb-b633-4390-88a2-23b46e0da84c', '2026-08-27 00:59:48.704+00'),
	('user-0001', 'android', 'e4cb214fdcf8e31496de33a8bff3005972aec942a535b340e9c0f28d5bd79ef6', '756c724c59cb7a22c78c6597ba0fd24fda17acd4cd1f563fe3e6ce2fc8d61699', 'RU', 2004000, '2026-11-26', '1306799d-a839-45de-aeda-3b73af4df61a', '2026-11-26 00:59:52.188+00'),
	('user-0005', 'android', '8a953abd3b79fe93e312b072abdc30a23708f64af92c155520bec20e1e3e9881', 'e6a6319b058639f6f4faae1a630e8389b792881bb1b8e050e4d4118eb6eef03c', 'RU', 2003000, '2026-11-26', 'dc203be4-6296-4305-93f7-241d63238548', '2026-11-26 00:59:52.188+00'),
	('user-0005', 'android', 'c2af4a4ddc9e462e51656a2167d86ea01b3cb79259ff21fd5ed18b89fc4261c8', NULL, 'RU', 2003000, '2026-11-26', 'f62cc92f-6a27-4d68-aff8-71c8e7b494f8', '2026-11-26 00:59:52.188+00'),
	('user-0006', 'android', '1bd71d53365f9de2054ae7899c18bc7c5aa724676eac573e392b84f089418c84', '874494a00747970e19990ffb9e431467d9a76a0cd22d6117670b2a85e7881f61', NULL, 2003000, '2026-11-26', 'fea4e8c6-60c0-4b0c-b790-ae82bc96aaf6', '2026-11-26 00:59:52.188+00');
INSERT INTO raw.loads VALUES
	('4af69575-99fa-45b3-a45b-e50ceece736d', 1, 1, 0, 0, '2026-11-26 00:59:48.692324+00', 'postgres'),
	('5a8f077e-da51-4425-af68-0f9711b4dcce', 4, 2, 1, 1, '2026-11-26 00:59:50.053182+00', 'postgres'),
	('7b7467ce-84cb-432f-94d7-090edbe94c9f', 8, 7, 0, 1, '2026-11-26 00:59:53.539747+00', 'postgres'),
	('787d53ef-46a8-4a9f-bbcc-cc2697f286a3', 5, 4, 0, 1, '2026-11-26 01:00:04.205076+00', 'postgres');
INSERT INTO raw.model_windows VALUES
	('public.rejected_logins', '20759', '20759', 'device_id:1 ip:1'),
	('public.user_logins', '20760', '20760', 'device_id:1 ip:1');
INSERT INTO raw.quarantined_messages VALUES
	('11936b25-6df1-452c-848f-1a8062f2028b', '{"user_id": "user-0001", "ip": "192.0.2.1', '2026-11-26 00:59:52.188+00', 1, '{"SenderId": "000000000000", "SentTimestamp": "1795654792188", "ApproximateReceiveCount": "1", "ApproximateFirstReceiveTimestamp": "1795654792533", "message": {}}', '73b454ea6b7090d71251dc6764a0c56e', '7b7467ce-84cb-432f-94d7-090edbe94c9f', '2026-11-26 00:59:53.539747+00', '20748', '22P02', 'invalid input syntax for type json', NULL, NULL),
	('d72df59c-815f-4db6-a3b3-bb2f7eab0c5e', '{"user_id": "user-0008"', '2026-11-26 01:00:02.853+00', 1, '{"SenderId": "000000000000", "SentTimestamp": "1795654802853", "ApproximateReceiveCount": "1", "ApproximateFirstReceiveTimestamp": "1795654803196", "message": {}}', '6a77986a1fe5378d2aa2efd422d07074', '787d53ef-46a8-4a9f-bbcc-cc2697f286a3', '2026-11-26 01:00:04.205076+00', '20765', '22P02', 'invalid input syntax for type json', NULL, NULL),
	('7ed0405e-5b26-42da-a503-d854662ada3e', NULL, '2026-08-27 00:59:48.704+00', 1, NULL, NULL, '5a8f077e-da51-4425-af68-0f9711b4dcce', '2026-11-26 00:59:50.053182+00', '20743', '22P02', 'invalid input syntax for type json', 'purged', '2026-11-26 01:00:06.608068+00');
INSERT INTO raw.raw_logins VALUES
	('1306799d-a839-45de-aeda-3b73af4df61a', '{"ip": "192.0.2.2", "locale": "RU", "user_id": "user-0001", "device_id": "device-0001", "app_version": "2.4.0", "device_type": "android"}', '2026-11-26 00:59:52.188+00', 1, '{"message": {}, "SenderId": "000000000000", "SentTimestamp": "1795654792188", "ApproximateReceiveCount": "1", "ApproximateFirstReceiveTimestamp": "1795654792533"}', '081aff8ab71d28493eae851a72e16980', '7b7467ce-84cb-432f-94d7-090edbe94c9f', '2026-11-26 00:59:53.539747+00', '20748', NULL, NULL),
	('dc203be4-6296-4305-93f7-241d63238548', '{"ip": "::ffff:198.51.100.7", "locale": "RU", "user_id": "user-0005", "device_id": "device-shared", "app_version": "2.3.0", "device_type": "android"}', '2026-11-26 00:59:52.188+00', 1, '{"message": {}, "SenderId": "000000000000", "SentTimestamp": "1795654792188", "ApproximateReceiveCount": "1", "ApproximateFirstReceiveTimestamp": "1795654792533"}', '5e9c7bcf6df2be0901e2ab669eeaf6e3', '7b7467ce-84cb-432f-94d7-090edbe94c9f', '2026-11-26 00:59:53.539747+00', '20748', NULL, NULL),
	('f62cc92f-6a27-4d68-aff8-71c8e7b494f8', '{"ip": "192.0.2.6", "locale": "RU", "user_id": "user-0005", "device_id": null, "app_version": "2.3.0", "device_type": "android"}', '2026-11-26 00:59:52.188+00', 1, '{"message": {}, "SenderId": "000000000000", "SentTimestamp": "1795654792188", "ApproximateReceiveCount": "1", "ApproximateFirstReceiveTimestamp": "1795654792533"}', '8f2c8b73d2536d0464265de5db44839f', '7b7467ce-84cb-432f-94d7-090edbe94c9f', '2026-11-26 00:59:53.539747+00', '20748', NULL, NULL),
	('fea4e8c6-60c0-4b0c-b790-ae82bc96aaf6', '{"ip": "192.0.2.7", "locale": null, "user_id": "user-0006", "device_id": "device-0006", "app_version": "2.3.0", "device_type": "android"}', '2026-11-26 00:59:52.188+00', 1, '{"message": {}, "SenderId": "000000000000", "SentTimestamp": "1795654792188", "ApproximateReceiveCount": "1", "ApproximateFirstReceiveTimestamp": "1795654792533"}', 'b88f68a811e5e3431a1925e7b72f6ebf', '7b7467ce-84cb-432f-94d7-090edbe94c9f', '2026-11-26 00:59:53.539747+00', '20748', NULL, NULL),
	('8d8293de-8131-4c5e-8097-6594c443f47f', '[1]', '2026-11-26 00:59:52.188+00', 1, '{"message": {}, "SenderId": "000000000000", "SentTimestamp": "1795654792188", "ApproximateReceiveCount": "1", "ApproximateFirstReceiveTimestamp": "1795654792533"}', '35dba5d75538a9bbe0b4da4422759a0e', '7b7467ce-84cb-432f-94d7-090edbe94c9f', '2026-11-26 00:59:53.539747+00', '20748', NULL, NULL),
	('6e0ad04a-4a03-41d5-9e8f-2ca27e730df3', NULL, '2026-11-26 00:59:52.188+00', 1, NULL, NULL, '7b7467ce-84cb-432f-94d7-090edbe94c9f', '2026-11-26 00:59:53.539747+00', '20748', 'erased', '2026-11-26 01:00:02.799721+00'),
	('cdfd0810-8e27-430c-950d-92dafc5662ed', NULL, '2026-11-26 00:59:52.188+00', 1, NULL, NULL, '7b7467ce-84cb-432f-94d7-090edbe94c9f', '2026-11-26 00:59:53.539747+00', '20748', 'erased', '2026-11-26 01:00:02.799721+00'),
	('6f8dcb68-c1b7-43c5-9318-b34b79b801af', '{"ip": " 198.51.100.007 ", "locale": "RU", "user_id": "user-0001", "device_id": "device-0001", "app_version": "2.5.0", "device_type": "android"}', '2026-11-26 01:00:02.853+00', 1, '{"message": {}, "SenderId": "000000000000", "SentTimestamp": "1795654802853", "ApproximateReceiveCount": "1", "ApproximateFirstReceiveTimestamp": "1795654803196"}', '3601deca92c6ebdff7a96818d469f206', '787d53ef-46a8-4a9f-bbcc-cc2697f286a3', '2026-11-26 01:00:04.205076+00', '20765', NULL, NULL),
	('81bb368c-aa47-455d-b81b-2f23f34437b2', '{"ip": "192.0.2.2", "locale": 1, "user_id": "user-0001", "device_id": "device-0001", "app_version": "2.3.0", "device_type": "android"}', '2026-11-26 01:00:02.853+00', 1, '{"message": {}, "SenderId": "000000000000", "SentTimestamp": "1795654802853", "ApproximateReceiveCount": "1", "ApproximateFirstReceiveTimestamp": "1795654803196"}', '509e5e9b5d79091b16c4485c5f2b0b1c', '787d53ef-46a8-4a9f-bbcc-cc2697f286a3', '2026-11-26 01:00:04.205076+00', '20765', NULL, NULL),
	('1d2bdd01-c486-4c46-b505-a8ef54265488', '{"ip": "192.0.2.7", "locale": null, "user_id": "user-0006", "device_id": "device-0006", "app_version": "2.3.0", "device_type": "android"}', '2026-11-26 01:00:02.853+00', 1, '{"message": {}, "SenderId": "000000000000", "SentTimestamp": "1795654802853", "ApproximateReceiveCount": "1", "ApproximateFirstReceiveTimestamp": "1795654803196"}', 'b88f68a811e5e3431a1925e7b72f6ebf', '787d53ef-46a8-4a9f-bbcc-cc2697f286a3', '2026-11-26 01:00:04.205076+00', '20765', NULL, NULL),
	('c1f5f092-cba2-4d35-9e6c-b5dc73f1f391', NULL, '2026-08-27 00:59:48.678+00', 1, NULL, NULL, '4af69575-99fa-45b3-a45b-e50ceece736d', '2026-11-26 00:59:48.692324+00', '20741', 'purged', '2026-11-26 01:00:06.599091+00'),
	('fdf6bfbb-b633-4390-88a2-23b46e0da84c', NULL, '2026-08-27 00:59:48.704+00', 1, NULL, NULL, '5a8f077e-da51-4425-af68-0f9711b4dcce', '2026-11-26 00:59:50.053182+00', '20743', 'purged', '2026-11-26 01:00:06.599091+00'),
	('b6fd19f4-2f2e-43c4-9225-0ed3c18c4f7b', NULL, '2026-08-27 00:59:48.704+00', 1, NULL, NULL, '5a8f077e-da51-4425-af68-0f9711b4dcce', '2026-11-26 00:59:50.053182+00', '20743', 'purged', '2026-11-26 01:00:06.599091+00'),
	('4807bc44-cfd3-40f4-aebf-49dc165a6243', '{"ip": null, "locale": "RU", "user_id": "user-0008", "device_id": " DEVICE-SHARED\n", "app_version": "2.3.0", "device_type": "android"}', '2026-11-26 01:00:02.853+00', 1, '{"message": {}, "SenderId": "000000000000", "SentTimestamp": "1795654802853", "ApproximateReceiveCount": "1", "ApproximateFirstReceiveTimestamp": "1795654803196"}', '934c520e7e0334c71a8c4b9be5ae9ed1', '787d53ef-46a8-4a9f-bbcc-cc2697f286a3', '2026-11-26 01:00:04.205076+00', '20765', NULL, NULL);
INSERT INTO vault.disclosure VALUES
	(1, 1, 'postgres', '127.0.0.1', '2026-11-26 01:00:02.519941+00');
INSERT INTO vault.erasure VALUES
	('1c25bb3c743f680bbf7880ce829eb580314d1a54dbf935938acf9c422d6c2d34', 2, 'postgres', '2026-11-26 01:00:02.799721+00');
INSERT INTO vault.masking_key VALUES
	('ip', 1, '\x6f69438555b9d9712870311e009656951c50e68e520749310a3e3e19a9b0d1df', false, '2026-11-26 00:59:48.524078+00'),
	('device_id', 1, '\xeddc41a365f74eada53970ed6106afcd04c7bef2fe6fc51c311136da0f46decc', false, '2026-11-26 00:59:48.524078+00'),
	('erasure', 1, '\x84405f28a4093e061575f15624993d31b5de228a26289fa313e47948bca86418', false, '2026-11-26 00:59:48.524078+00'),
	('ip', 2, '\xd44c0d0e72f1eb9c6eea088864621984b10e0bcf2d737b5da5f2844fed1568d3', true, '2026-11-26 01:00:06.886055+00'),
	('device_id', 2, '\x94bb745e4c53772beee3ec7bd1ccf3c9837f9e2233d3dec70d23066199191cb9', true, '2026-11-26 01:00:06.886055+00');
INSERT INTO vault.recovery_request OVERRIDING SYSTEM VALUE VALUES
	(1, 'masked_ip', '1bd71d53365f9de2054ae7899c18bc7c5aa724676eac573e392b84f089418c84', 'support case 4711', 'T-1', 'postgres', '127.0.0.1', '2026-11-26 01:00:02.515894+00', '20762');
INSERT INTO vault.settings VALUES
	('published_schema', 'public'),
	('recoveries_per_hour', '10');
SELECT pg_catalog.setval('vault.recovery_request_request_id_seq', 1, true);
ALTER TABLE ONLY public.rejected_logins
    ADD CONSTRAINT rejected_logins_pkey PRIMARY KEY (message_id);
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
CREATE INDEX "10cd8e69839c897a29efd6aede82e999" ON public.user_logins USING hash (masked_device_id);
CREATE INDEX "545290e673d01306fcee5587c649ebd0" ON public.user_logins USING hash (masked_ip);
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
REVOKE ALL ON FUNCTION vault.unpublished_rotation() FROM PUBLIC;
GRANT SELECT ON TABLE public.rejected_logins TO login_analyst;
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
