-- Access (GDPR, article 15): everything held about a person, for a reason and on record like a
-- recovery. The record holds a keyed hash of the user id, not the id.
set local role login_owner;

create or replace function vault.request_access(
    user_id text, reason text, ticket text default null
) returns bigint
language sql
security definer
set search_path = pg_catalog, pg_temp as $$
    select vault.record_request('access', vault.user_hash(user_id), reason, ticket)
$$;
comment on function vault.request_access(text, text, text) is
'Record a wish to see everything held about a user, under the keyed hash of the id';

create or replace function vault.published_rows(
    model regclass, user_id text, ids text[]
) returns jsonb
language plpgsql
set search_path = pg_catalog, pg_temp as $$
declare
    columns constant name[] := array(
        select a.attname from pg_attribute as a
        where a.attrelid = model and a.attnum > 0 and not a.attisdropped
    );
    found jsonb;
begin
    if not columns && '{user_id, message_id}' then
        return null; -- it counts, and knows nobody
    end if;
    -- to_jsonb() calls the cast to json of a type that has one, and whoever made the type made the
    -- cast. Nobody makes a type in pg_catalog.
    if exists (
        select from pg_attribute as a
        inner join pg_type as t on a.atttypid = t.oid
        where
            a.attrelid = model and a.attnum > 0 and not a.attisdropped
            and t.typnamespace <> 'pg_catalog'::regnamespace
    ) then
        raise exception '% has a column of a type that is not built in: cast it to one that is', model;
    end if;
    execute format(
        'select jsonb_agg(to_jsonb(m)) from (select * from only %s offset 0) as m where %s',
        model,
        case when 'message_id' = any(columns) then 'm.message_id = any($2)' else 'm.user_id = $1' end
    ) into found using user_id, ids;
    return found;
end
$$;
comment on function vault.published_rows(regclass, text, text[]) is
'The rows that a model has of a user or of messages, as a JSON array; null if there are none';

create or replace function vault.access(
    request bigint, user_id text, out messages integer, out document text
)
language plpgsql
security definer
set search_path = pg_catalog, pg_temp as $$
declare
    asked record;
    ids text[];
    landed jsonb;
    quarantined jsonb;
    published jsonb;
begin
    select o.kind, o.lookup into asked from vault.open_request(request) as o;
    if asked.kind <> 'access' or asked.lookup is distinct from vault.user_hash(user_id) then
        raise exception 'the request is for something else';
    end if;
    ids := array(
        select distinct m.message_id from vault.messages_of(user_id) as m where m.is_theirs
    );

    select jsonb_agg(to_jsonb(r)) into landed
    from (
        select
            l.message_id, l.sent_at, l.landed_at, l.receive_count, l.attributes, l.body,
            l.removed, l.removed_at
        from raw.raw_logins as l
        where l.message_id = any(ids)
        order by l.sent_at, l.message_id
    ) as r;
    select jsonb_agg(to_jsonb(r)) into quarantined
    from (
        select
            q.message_id, q.sent_at, q.landed_at, q.receive_count, q.attributes, q.body,
            q.sqlstate, q.reason
        from raw.quarantined_messages as q
        where q.message_id = any(ids) and q.body is not null
        order by q.sent_at, q.message_id
    ) as r;
    select jsonb_object_agg(m.name, m.found) into published
    from (
        select
            model::text as name,
            vault.published_rows(model, user_id, ids) as found
        from vault.models() as model
        offset 0
    ) as m
    where m.found is not null;

    messages := cardinality(ids);
    document := jsonb_pretty(jsonb_build_object(
        'user_id', user_id,
        'messages', coalesce(landed, '[]'),
        'quarantined_messages', coalesce(quarantined, '[]'),
        'published', coalesce(published, '{}')
    ));
    perform vault.record_disclosure(request, messages);
end
$$;
comment on function vault.access(bigint, text) is
'Everything held about the user of a request that the same person committed in the last '
'15 minutes, as a JSON document, and the number of messages';

reset role;
