-- Erasure of a person and purge of old messages. Both turn messages into tombstones, and keep
-- builds out while they do (lock of raw.model_windows, which a build holds from its pre-hook to
-- its commit). Run as login_owner; nobody else may.
set local role login_owner;

create or replace function vault.has_triggers(model oid) returns boolean
language sql
set search_path = pg_catalog, pg_temp as $$
    select exists (select from pg_trigger as t where t.tgrelid = model)
$$;
comment on function vault.has_triggers(oid) is 'Whether changes of a table run code';

create or replace function vault.plain_table(model regclass) returns regclass
language plpgsql
strict
set search_path = pg_catalog, pg_temp as $$
begin
    -- No code of login_transformer's may run with the rights of the caller: nothing but a plain
    -- table of its own is touched. Locked first, so that it stays one.
    if exists (select from pg_class where oid = model and relkind = 'r') then
        execute format('lock table only %s in row exclusive mode', model);
    end if;
    if not exists (
        select from pg_class as c
        where
            c.oid = model and c.relkind = 'r' and c.relowner = 'login_transformer'::regrole
            and not (c.relhasrules or c.relrowsecurity or c.relhassubclass)
            and not vault.has_triggers(c.oid)
            and not exists (
                select from pg_index as i
                where i.indrelid = c.oid and (i.indexprs is not null or i.indpred is not null)
            )
            and not exists (
                select from pg_attribute as a
                where
                    a.attrelid = c.oid and a.attnum > 0 and not a.attisdropped
                    and (
                        a.attname in ('message_id', 'user_id')
                        or a.attname in (select p.mask from vault.personal_field as p)
                    )
                    and a.atttypid not in ('text'::regtype, 'varchar'::regtype)
            )
    ) then
        raise exception '% is no plain table of login_transformer''s: drop it, and run `dbt build`', model;
    end if;
    return model;
end
$$;
comment on function vault.plain_table(regclass) is
'Locks a table of login_transformer''s against changes of its definition, and returns it; fails if '
'it is anything but a plain table';

create or replace function vault.model_table(model text) returns regclass
language plpgsql
set search_path = pg_catalog, pg_temp as $$
declare
    found constant regclass := to_regclass(
        format('%I.%I', split_part(model, '.', 1), split_part(model, '.', 2))
    );
begin
    -- Whoever writes raw.model_windows may name a table there that is nobody's to drop.
    if exists (
        select from pg_class as c
        where c.oid = found and c.relowner <> 'login_transformer'::regrole
    ) then
        raise exception
            '% is no plain table of login_transformer''s, but % owns it: if dbt made it, give it back; '
            'if not, somebody has forged a row: delete from raw.model_windows where model = %',
            found, (select c.relowner::regrole from pg_class as c where c.oid = found),
            quote_literal(model);
    end if;
    return vault.plain_table(found);
end
$$;
comment on function vault.model_table(text) is
'The table of a model named as schema.name, or null; fails if it is anything but a plain table';

create or replace function vault.models() returns setof regclass
language plpgsql
set search_path = pg_catalog, pg_temp as $$
declare
    model regclass;
begin
    -- Not those of raw.model_windows, which login_transformer writes: it may leave one out.
    for model in
        select c.oid
        from pg_class as c
        where
            c.relowner = 'login_transformer'::regrole
            and c.relkind in ('r', 'p', 'm', 'f')
            and c.relpersistence <> 't'
            and exists (
                select from pg_attribute as a
                where a.attrelid = c.oid and a.attname in ('message_id', 'user_id')
            )
        order by c.oid::regclass::text
    loop
        return next vault.plain_table(model);
    end loop;
end
$$;
comment on function vault.models() is
'All tables of login_transformer''s that have rows of messages or users; fails if one of them is '
'no plain table';

create or replace function vault.unpublish(message_ids text[]) returns void
language plpgsql
set search_path = pg_catalog, pg_temp as $$
declare
    model regclass;
begin
    if cardinality(message_ids) = 0 then
        return;
    end if;
    for model in select * from vault.models() loop
        if exists (select from pg_attribute where attrelid = model and attname = 'message_id') then
            execute format('delete from only %s where message_id = any($1)', model) using message_ids;
        end if;
    end loop;
    -- An aggregate: the next build makes the table again.
    update raw.model_windows as w
    set made_xid = pg_current_xact_id()
    where not exists (
        select from pg_attribute as a
        where a.attrelid = vault.model_table(w.model) and a.attname = 'message_id'
    );
end
$$;
comment on function vault.unpublish(text[]) is
'Take the rows of messages out of every model, and let the next build count again';

create or replace function vault.empty_out(message_ids text[]) returns void
language sql
set search_path = pg_catalog, pg_temp as $$
    update raw.raw_logins as r
    set body = null, attributes = null, body_md5 = null, removed = 'erased', removed_at = now()
    where r.message_id = any(message_ids);

    -- The reason may quote the body.
    update raw.quarantined_messages as q
    set
        body = null, attributes = null, body_md5 = null, reason = '', removed = 'erased',
        removed_at = now()
    where q.message_id = any(message_ids);
$$;
comment on function vault.empty_out(text[]) is 'Leave of messages nothing but a tombstone';

create or replace function vault.erase_hashes(user_hashes text[]) returns integer
language plpgsql
set search_path = pg_catalog, pg_temp as $$
declare
    model regclass;
    found text[];
    more text[];
    erased integer;
begin
    if not exists (select 1 from vault.masking_key as k where k.domain = 'erasure') then
        raise exception 'there is no key of domain erasure: restore it, or hashes mean nothing';
    end if;
    perform raw.lock_builds();
    -- The key is read in each query, and is in the text and the parameters of none.
    select coalesce(array_agg(r.message_id), '{}') into found
    from raw.raw_logins as r
    where encode(
        crypto.hmac(
            convert_to(raw.login_of(r.body) ->> 'user_id', 'UTF8'),
            (select k.secret from vault.masking_key as k where k.domain = 'erasure'),
            'sha256'
        ), 'hex'
    ) = any(user_hashes);

    for model in select * from vault.models_with_users() loop
        execute format(
            'select array_agg(m.message_id) from only %s as m where encode('
            'crypto.hmac(convert_to(m.user_id, ''UTF8''),'
            ' (select k.secret from vault.masking_key as k where k.domain = ''erasure''),'
            ' ''sha256''), ''hex'') = any($1)', model
        ) into more using user_hashes;
        found := found || more;
    end loop;

    -- A message that is not a login may name its user anywhere. MATERIALIZED: a cluster takes apart
    -- only what it has collected in one place.
    with others as materialized (
        select
            r.message_id,
            concat_ws(' ', r.body::text, vault.without_numbers(r.attributes::text)) as said
        from raw.raw_logins as r
        where
            r.body is not null
            and jsonb_typeof(raw.login_of(r.body) -> 'user_id') is distinct from 'string'
        union all
        select
            q.message_id,
            concat_ws(' ', q.body, vault.without_numbers(q.attributes)) as said
        from raw.quarantined_messages as q
        where q.removed is null
    ),

    words as materialized (
        select
            o.message_id,
            unnest(vault.words(o.said)) as word
        from others as o
    )

    select array_agg(distinct w.message_id) into more
    from words as w
    where encode(
        crypto.hmac(
            convert_to(w.word, 'UTF8'),
            (select k.secret from vault.masking_key as k where k.domain = 'erasure'),
            'sha256'
        ), 'hex'
    ) = any(user_hashes);
    found := found || more;
    perform vault.unpublish(found);
    perform vault.empty_out(found);
    erased := (select count(distinct m.id) from unnest(found) as m (id));
    perform login_audit.add('replay', jsonb_build_object(
        'users', (select count(distinct u.user_hash) from unnest(user_hashes) as u (user_hash)),
        'messages', erased
    ));
    return erased;
end
$$;
comment on function vault.erase_hashes(text[]) is
'Erase everything about users given by the keyed hash of their ids; returns the number of messages';

create or replace function vault.erase(
    user_id text, message_ids text[], named_in_attributes text[]
) returns void
language plpgsql
set search_path = pg_catalog, pg_temp as $$
declare
    user_hash constant text := vault.user_hash(user_id);
begin
    perform vault.unpublish(message_ids);
    perform vault.empty_out(message_ids);
    update raw.raw_logins as r
    set attributes = null
    where r.message_id = any(named_in_attributes);

    perform login_audit.add('erasure', jsonb_build_object(
        'user_hash', user_hash, 'messages', cardinality(message_ids)
    ));
end
$$;
comment on function vault.erase(text, text[], text[]) is
'Erase the messages of a user, empty the attributes of messages of others that name the user, and '
'record the keyed hash of the id. vault.messages_of finds them, in the same transaction';

create or replace function vault.erasure_log()
returns table (erased_at timestamptz, erased_by text, messages integer, user_hash text)
language sql
stable
set search_path = pg_catalog, pg_temp as $$
    select e.made_at, e.made_by, (e.detail ->> 'messages')::integer, e.detail ->> 'user_hash'
    from login_audit.entry as e
    where e.kind = 'erasure'
    order by e.number
$$;
comment on function vault.erasure_log() is
'Erasures on record, oldest first: whose data, as HMAC-SHA-256 of the id under the erasure key';

create or replace function vault.purge(
    older_than timestamptz, after_id text, page integer
) returns table (last_id text, purged integer)
language plpgsql
set search_path = pg_catalog, pg_temp as $$
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
    if purged > 0 then
        perform login_audit.add('purge', jsonb_build_object(
            'messages', purged, 'older_than', older_than
        ));
    end if;
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
