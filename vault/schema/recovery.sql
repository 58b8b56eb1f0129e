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
comment on function vault.record_request(text, text, text, text) is
'Record a request of the user of this session, within the limits of reason and number';

create or replace function vault.open_request(request bigint) returns vault.recovery_request
language plpgsql
set search_path = pg_catalog, pg_temp as $$
declare
    asked vault.recovery_request;
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
    return asked;
end
$$;
comment on function vault.open_request(bigint) is
'A request that the same person committed in the last 15 minutes; fails if it is anything else';

create or replace function vault.record_disclosure(request bigint, disclosed integer) returns void
language plpgsql
set search_path = pg_catalog, pg_temp as $$
begin
    insert into vault.disclosure (request_id, messages, disclosed_to, disclosed_from, disclosed_at)
    values (request, disclosed, session_user, inet_client_addr(), clock_timestamp());
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
    asked constant vault.recovery_request := vault.open_request(request);
    published constant text := (
        select s.value from vault.settings as s where s.name = 'published_schema'
    );
    -- What is disclosed is what was asked for: one field of many messages, or all of one message.
    fields constant text[] := array(
        select p.field from vault.personal_field as p where asked.kind in (p.mask, 'message_id')
    );
    model regclass;
    ids text[];
    login jsonb;
    disclosed integer := 0;
begin
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
        r.request_id, r.requested_at, r.requested_by, r.requested_from,
        r.kind, r.lookup, r.reason, r.ticket,
        d.disclosed_at, d.messages
    from vault.recovery_request as r
    left join vault.disclosure as d on r.request_id = d.request_id
    order by r.request_id, d.disclosed_at
$$;
comment on function vault.recovery_log() is 'Requests and disclosures, oldest first';

reset role;
