-- Recovery: a request first, then, in a later transaction, the disclosure. So nobody can see a
-- value and roll back the record of having asked for it.
set local role login_owner;

create or replace function vault.record_request(
    kind text, lookup text, reason text, ticket text
) returns bigint
language plpgsql
set search_path = pg_catalog, pg_temp as $$
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
    -- One at a time, or parallel sessions could pass the limit together.
    perform login_audit.lock();
    if (
        select count(*) from login_audit.entry as e
        where
            e.kind = 'request'
            and e.made_by = person
            and e.made_at > clock_timestamp() - interval '1 hour'
    ) >= hourly then
        raise exception '% requests in an hour are the limit: ask again later', hourly;
    end if;
    new_id := (
        select coalesce(max((e.detail ->> 'request')::bigint), 0) + 1
        from login_audit.entry as e
        where e.kind = 'request'
    );
    perform login_audit.add('request', jsonb_build_object(
        'request', new_id, 'kind', kind, 'lookup', lookup, 'reason', reason, 'ticket', ticket,
        'transaction', pg_current_xact_id()::text
    ));
    raise log 'login recovery: request % by %', new_id, person;
    return new_id;
end
$$;
comment on function vault.record_request(text, text, text, text) is
'Record a request of the user of this session, within the limits of reason and number';

create or replace function vault.open_request(request bigint, out kind text, out lookup text)
language plpgsql
set search_path = pg_catalog, pg_temp as $$
declare
    asked login_audit.entry;
begin
    select e.* into asked from login_audit.entry as e
    where e.kind = 'request' and e.detail @> jsonb_build_object('request', request);
    if asked.made_by is distinct from session_user then
        raise exception 'there is no such request of yours';
    end if;
    if asked.detail ->> 'transaction' = pg_current_xact_id()::text then
        raise exception 'commit the request first';
    end if;
    if asked.made_at < clock_timestamp() - interval '15 minutes' then
        raise exception 'the request is older than 15 minutes';
    end if;
    kind := asked.detail ->> 'kind';
    lookup := asked.detail ->> 'lookup';
end
$$;
comment on function vault.open_request(bigint) is
'A request that the same person committed in the last 15 minutes; fails if it is anything else';

create or replace function vault.record_disclosure(request bigint, disclosed integer) returns void
language plpgsql
set search_path = pg_catalog, pg_temp as $$
begin
    perform login_audit.add('disclosure', jsonb_build_object(
        'request', request, 'messages', disclosed
    ));
    -- The server log keeps this even if the caller rolls back.
    raise log 'login recovery: request % disclosed to %, % messages', request, session_user, disclosed;
end
$$;
comment on function vault.record_disclosure(bigint, integer) is
'Record that a request was answered, with that many messages';

create or replace function vault.request_recovery(
    kind text, lookup text, reason text, ticket text default null
) returns bigint
language plpgsql
security definer
set search_path = pg_catalog, pg_temp as $$
begin
    if kind is distinct from 'message_id'
    and not exists (select from vault.personal_field as p where p.mask = kind) then
        raise exception 'there is no mask %: the personal fields are %', kind, (
            select string_agg(p.field, ', ' order by p.field) from vault.personal_field as p
        );
    end if;
    return vault.record_request(kind, lookup, reason, ticket);
end
$$;
comment on function vault.request_recovery(text, text, text, text) is
'Record a wish to see the raw values behind a mask (kind is the column, as masked_ip) or of one '
'message (kind is message_id)';

create or replace function vault.recover(request bigint)
returns table (message_id text, sent_at timestamptz, removed text, personal jsonb)
language plpgsql
security definer
set search_path = pg_catalog, pg_temp as $$
declare
    asked record;
    published constant text := (
        select s.value from vault.settings as s where s.name = 'published_schema'
    );
    fields text[];
    model regclass;
    ids text[];
    login jsonb;
    disclosed integer := 0;
begin
    select o.kind, o.lookup into asked from vault.open_request(request) as o;
    -- What is disclosed is what was asked for: one field of many messages, or all of one message.
    fields := array(
        select p.field from vault.personal_field as p where asked.kind in (p.mask, 'message_id')
    );
    if fields = '{}' then
        raise exception 'the request is not for a personal field';
    end if;
    if asked.kind = 'message_id' then
        ids := array[asked.lookup];
    else
        model := vault.model_table(published || '.user_logins');
        if model is null then
            raise exception 'there is no table %.user_logins', published;
        end if;
        if not exists (
            select from pg_attribute as a
            where
                a.attrelid = model and a.attname = asked.kind and not a.attisdropped
                and a.atttypid in ('text'::regtype, 'varchar'::regtype)
        ) then
            raise exception '%.user_logins has no column % of text', published, asked.kind;
        end if;
        execute format(
            'select array_agg(u.message_id) from only %s as u where u.%I = $1', model, asked.kind
        ) into ids using asked.lookup;
    end if;

    for message_id, sent_at, removed, login in
        select r.message_id, r.sent_at, r.removed, raw.login_of(r.body)
        from raw.raw_logins as r
        where r.message_id = any(ids)
        order by r.sent_at, r.message_id
    loop
        -- Null where the login has none of them.
        personal := (
            select jsonb_object_agg(f.field, login ->> f.field)
            from unnest(fields) as f (field)
            having count(login ->> f.field) > 0
        );
        if personal is not null then
            disclosed := disclosed + 1;
        end if;
        return next;
    end loop;
    perform vault.record_disclosure(request, disclosed);
end
$$;
comment on function vault.recover(bigint) is
'Disclose the raw values of a request that the same person committed in the last 15 minutes: '
'personal has the fields that were asked for, and is null where a message has none of them';

create or replace function vault.recovery_log()
returns table (
    request_id bigint, requested_at timestamptz, requested_by text, requested_from inet,
    kind text, lookup text, reason text, ticket text,
    disclosed_at timestamptz, messages integer
)
language sql
stable
security definer
set search_path = pg_catalog, pg_temp as $$
    select
        (r.detail ->> 'request')::bigint, r.made_at, r.made_by, r.made_from,
        r.detail ->> 'kind', r.detail ->> 'lookup', r.detail ->> 'reason', r.detail ->> 'ticket',
        d.made_at, (d.detail ->> 'messages')::integer
    from login_audit.entry as r
    left join login_audit.entry as d
        on d.kind = 'disclosure' and r.detail -> 'request' = d.detail -> 'request'
    where r.kind = 'request'
    order by r.number, d.number
$$;
comment on function vault.recovery_log() is 'Requests and disclosures, oldest first';

reset role;
