-- The masking keys, and the settings and records of recovery and erasure.
set local role login_owner;

create table if not exists vault.masking_key (
    domain text not null check (domain in ('ip', 'device_id', 'erasure')),
    version integer not null check (version > 0),
    -- HMAC keys shorter than the hash output weaken it (RFC 2104, section 3).
    secret bytea not null check (octet_length(secret) >= 32),
    -- What this version hashes: the value, or the mask that the version before it gives.
    is_chained boolean not null default false,
    created_at timestamptz not null default now(),
    primary key (domain, version),
    check (version > 1 or not is_chained)
);
comment on table vault.masking_key is
'HMAC-SHA-256 keys (RFC 2104), one per domain: masks of one kind tell nothing of the other';
comment on column vault.masking_key.domain is
'ip and device_id mask; erasure hashes user ids in the record of erasures, and never changes';
comment on column vault.masking_key.is_chained is
'Made when raw values were already purged: it masks the masks of the version before it';

create table if not exists vault.destroyed_key (
    domain text not null,
    version integer not null,
    destroyed_by text not null default session_user,
    destroyed_at timestamptz not null default now(),
    primary key (domain, version)
);
comment on table vault.destroyed_key is
'Versions that were destroyed, and are never given to another key. Append-only';

create or replace function vault.next_version(wanted_domain text) returns integer
language sql
stable
set search_path = pg_catalog, pg_temp as $$
    select coalesce(max(v.version), 0) + 1
    from (
        select k.domain, k.version from vault.masking_key as k
        union all
        select d.domain, d.version from vault.destroyed_key as d
    ) as v
    where v.domain = wanted_domain
$$;
comment on function vault.next_version(text) is
'The version that a new key of the domain gets: masks name their keys by it, so it is never reused';

create or replace function vault.key_chain() returns text
language sql
stable
set search_path = pg_catalog, pg_temp as $$
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
comment on function vault.key_chain() is
'Which versions of the keys mask, as device_id:1 ip:2+3: the first the value, the next its mask';

create table if not exists vault.settings (
    name text primary key,
    value text not null
);
comment on table vault.settings is
'published_schema: where dbt publishes; recoveries_per_hour: requests that a person may make';
insert into vault.settings (name, value)
values
('published_schema', current_setting('loader.target_schema')),
('recoveries_per_hour', '10')
on conflict do nothing;

create table if not exists vault.recovery_request (
    request_id bigint generated always as identity primary key,
    kind text not null check (kind in ('masked_ip', 'masked_device_id', 'message_id')),
    lookup text not null,
    reason text not null check (length(btrim(reason)) >= 10),
    ticket text,
    requested_by text not null,
    requested_from inet,
    requested_at timestamptz not null,
    requested_xid xid8 not null
);
comment on table vault.recovery_request is 'Who asked for which raw value, and why. Append-only';

create table if not exists vault.disclosure (
    request_id bigint not null references vault.recovery_request,
    messages integer not null,
    disclosed_to text not null,
    disclosed_from inet,
    disclosed_at timestamptz not null
);
comment on table vault.disclosure is 'Which requests were answered. Append-only; holds no value';

create table if not exists vault.erasure (
    user_hash text not null,
    messages integer not null,
    erased_by text not null default session_user,
    erased_at timestamptz not null default now()
);
comment on table vault.erasure is
'Whose data was erased, as HMAC-SHA-256 of the user id under the erasure key. Append-only';

-- Append-only for everyone, the owner included: ALWAYS also holds where a session says that it
-- applies a replica's changes.
create or replace function vault.refuse_change() returns trigger
language plpgsql
set search_path = pg_catalog, pg_temp as $$
begin
    raise exception '%.% is append-only', tg_table_schema, tg_table_name;
end
$$;
do $$
declare
    record_table text;
begin
    foreach record_table in array array['recovery_request', 'disclosure', 'erasure', 'destroyed_key'] loop
        execute format(
            'create or replace trigger append_only before update or delete or truncate on vault.%I '
            'for each statement execute function vault.refuse_change()', record_table
        );
        execute format('alter table vault.%I enable always trigger append_only', record_table);
    end loop;
end
$$;

reset role;
