-- One record for all that is done to the data, instead of a table for each kind. login_auditor owns
-- it. Each entry has the hash of the one before it. What was on record until now becomes its first
-- entries, in order of time.
set local role login_auditor;

-- It is there already where the list of migrations, or all of vault, was lost: then it goes on.
create table if not exists login_audit.entry (
    number bigint primary key check (number > 0),
    made_at timestamptz not null,
    made_by text not null,
    made_from inet,
    kind text not null,
    detail jsonb not null,
    previous_hash text not null,
    hash text not null
);
comment on table login_audit.entry is
'What was done to the data, by whom and when. Append-only, a chain of hashes; holds no value, key '
'or user id';
comment on column login_audit.entry.number is
'Its place in the chain: 1, 2, 3 and so on, without a gap';
comment on column login_audit.entry.made_by is 'The login, whatever role it had taken';
comment on column login_audit.entry.made_from is
'The address of the client; null over a Unix socket';
comment on column login_audit.entry.kind is
'set_up, setting, request, disclosure, erasure, replay, purge, requeue, restamp, key_added or '
'key_destroyed';
comment on column login_audit.entry.detail is
'What it says besides. The lookup of a request is a mask, a message id or, for access, the keyed '
'hash of the user id, as is the user_hash of an erasure';
comment on column login_audit.entry.previous_hash is
'The hash of the entry before it; zeros for the first';
comment on column login_audit.entry.hash is
'SHA-256, in hex, of the other columns as a JSON array: the time in UTC, previous_hash last';

set local role login_owner;

do $$
declare
    moved constant jsonb := (
        select jsonb_agg(to_jsonb(m) order by m.made_at, m.step)
        from (
            select
                r.requested_at as made_at, 1 as step, r.requested_by as made_by,
                r.requested_from::text as made_from, 'request' as kind,
                jsonb_build_object(
                    'request', r.request_id, 'kind', r.kind, 'lookup', r.lookup, 'reason', r.reason,
                    'ticket', r.ticket, 'transaction', r.requested_xid::text
                ) as detail
            from vault.recovery_request as r
            union all
            select
                d.disclosed_at, 2, d.disclosed_to, d.disclosed_from::text, 'disclosure',
                jsonb_build_object('request', d.request_id, 'messages', d.messages)
            from vault.disclosure as d
            union all
            select
                e.erased_at, 3, e.erased_by, null, 'erasure',
                jsonb_build_object('user_hash', e.user_hash, 'messages', e.messages)
            from vault.erasure as e
            union all
            select
                d.destroyed_at, 4, d.destroyed_by, null, 'key_destroyed',
                jsonb_build_object('field', d.domain, 'version', d.version)
            from vault.destroyed_key as d
            -- Of these only the state is known, and not who made it.
            union all
            select
                clock_timestamp(), 5, session_user, inet_client_addr()::text, 'key_added',
                jsonb_build_object('field', k.domain, 'version', k.version)
            from vault.masking_key as k
            union all
            select
                clock_timestamp(), 6, session_user, inet_client_addr()::text, 'setting',
                jsonb_build_object('name', s.name, 'before', null, 'after', s.value)
            from vault.settings as s
        ) as m
    );
    one record;
    known bigint;
    place bigint;
    hash_before text;
    last_hash text;
begin
    perform set_config('role', 'login_auditor', true);
    known := coalesce((select max(e.number) from login_audit.entry as e), 0);
    place := known;
    last_hash := coalesce(
        (select e.hash from login_audit.entry as e where e.number = known), repeat('0', 64)
    );
    for one in
        select
            (m.entry ->> 'made_at')::timestamptz as made_at, m.entry ->> 'made_by' as made_by,
            (m.entry ->> 'made_from')::inet as made_from, m.entry ->> 'kind' as kind,
            m.entry -> 'detail' as detail
        from jsonb_array_elements(moved) with ordinality as m (entry, place)
        order by m.place
    loop
        continue when known > 0 and one.kind in ('key_added', 'setting');
        place := place + 1;
        hash_before := last_hash;
        -- As in login_audit.add, now and for ever.
        last_hash := encode(sha256(convert_to(jsonb_build_array(
            place, to_char(one.made_at at time zone 'UTC', 'YYYY-MM-DD"T"HH24:MI:SS.US'),
            one.made_by, one.made_from::text, one.kind, one.detail, hash_before
        )::text, 'UTF8')), 'hex');
        insert into login_audit.entry
        values (
            place, one.made_at, one.made_by, one.made_from, one.kind, one.detail, hash_before,
            last_hash
        );
    end loop;
end
$$;

set local role login_owner;

drop function if exists vault.open_request(bigint);
drop table vault.disclosure, vault.recovery_request, vault.erasure, vault.destroyed_key;
drop function if exists vault.refuse_change();

reset role;
