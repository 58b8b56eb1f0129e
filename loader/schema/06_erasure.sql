-- Erasure of a person and purge of what is old. Both turn messages into tombstones, and keep
-- builds out while they do (lock of raw.model_windows, which a build holds from its pre-hook to
-- its commit). Run as login_owner; nobody else may.
set local role login_owner;

create or replace function vault.erase_hashes(user_hashes text[]) returns integer
language plpgsql
set search_path = pg_catalog, pg_temp as $$
declare
    erasure_key constant bytea := (
        select k.secret from vault.masking_key as k where k.domain = 'erasure'
    );
    model regclass;
    found text[];
    in_model text[];
    quarantined integer;
begin
    lock table raw.model_windows in exclusive mode;
    select coalesce(array_agg(r.message_id), '{}') into found
    from raw.raw_logins as r
    where encode(public.hmac(convert_to(r.body ->> 'user_id', 'UTF8'), erasure_key, 'sha256'), 'hex')
        = any(user_hashes);

    -- Of purged messages only the models still know whose they are.
    for model in
        select to_regclass(format('%I.%I', split_part(w.model, '.', 1), split_part(w.model, '.', 2)))
        from raw.model_windows as w
        order by w.model
    loop
        if exists (select from pg_attribute where attrelid = model and attname = 'user_id') then
            execute format(
                'select array_agg(m.message_id) from %s as m where encode('
                'public.hmac(convert_to(m.user_id, ''UTF8''), $1, ''sha256''), ''hex'') = any($2)', model
            ) into in_model using erasure_key, user_hashes;
            found := found || in_model;
        end if;
    end loop;
    for model in
        select to_regclass(format('%I.%I', split_part(w.model, '.', 1), split_part(w.model, '.', 2)))
        from raw.model_windows as w
        order by w.model
    loop
        if model is not null then
            execute format('delete from %s where message_id = any($1)', model) using found;
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
$$;
comment on function vault.erase_hashes(text[]) is
'Erase everything about users given by the keyed hash of their ids; returns the number of messages';

create or replace function vault.erase(user_id text) returns integer
language plpgsql
set search_path = pg_catalog, pg_temp as $$
declare
    user_hash constant text := encode(
        public.hmac(
            convert_to(user_id, 'UTF8'),
            (select k.secret from vault.masking_key as k where k.domain = 'erasure'),
            'sha256'
        ), 'hex'
    );
    -- In text that is no JSON the id may stand anywhere, but as a word of its own.
    word constant text := '(?<![[:alnum:]_-])'
        || regexp_replace(user_id, '([^[:alnum:]])', '\\\1', 'g') || '(?![[:alnum:]_-])';
    erased integer;
    quarantined integer;
begin
    if user_hash is null then
        raise exception 'there is no key of domain erasure';
    end if;
    erased := vault.erase_hashes(array[user_hash]);
    update raw.quarantined_messages as q
    set body = null, attributes = null, body_md5 = null, removed = 'erased', removed_at = now()
    where q.body ~ word;
    get diagnostics quarantined = row_count;
    erased := erased + quarantined;
    insert into vault.erasure (user_hash, messages) values (user_hash, erased);
    return erased;
end
$$;
comment on function vault.erase(text) is
'Erase everything about a user, record the keyed hash of the id, return the number of messages';

create or replace function vault.purge(
    older_than timestamptz, after_id text, page integer
) returns table (last_id text, purged integer)
language plpgsql
set search_path = pg_catalog, pg_temp as $$
declare
    read_by_all xid8;
begin
    lock table raw.model_windows in exclusive mode;
    select min(w.last_xid) into read_by_all
    from raw.model_windows as w
    inner join vault.settings as s on s.name = 'published_schema'
    where split_part(w.model, '.', 1) = s.value
    having bool_or(w.model = s.value || '.user_logins');
    if read_by_all is null then
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

    update raw.raw_logins as r
    set body = null, attributes = null, body_md5 = null, removed = 'purged', removed_at = now()
    where
        r.message_id > after_id
        and r.message_id <= last_id
        and r.removed is null
        and coalesce(r.sent_at, r.landed_at) < older_than
        -- What no model has read yet would leave no masked row behind.
        and r.landed_xid < read_by_all;
    get diagnostics purged = row_count;
    return next;
end
$$;
comment on function vault.purge(timestamptz, text, integer) is
'Purge the old messages of one page in order of message id; returns its last id and their number';

create or replace function vault.unpublished_rotation() returns setof text
language sql
stable
set search_path = pg_catalog, pg_temp as $$
    select w.model
    from raw.model_windows as w
    inner join vault.settings as s on s.name = 'published_schema'
    where split_part(w.model, '.', 1) = s.value and w.key_chain <> vault.key_chain()
$$;
comment on function vault.unpublished_rotation() is
'Models of the published schema that are still masked with older keys than the newest';

reset role;
