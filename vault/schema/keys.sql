-- The masking keys: what their columns mean, and which versions mask.
set local role login_owner;

comment on table vault.masking_key is
'HMAC-SHA-256 keys (RFC 2104), one per domain: masks of one field tell nothing of another';
comment on column vault.masking_key.domain is
'The field of vault.personal_field that it masks; or erasure, which hashes user ids in the '
'records of erasure and access, and never changes';
comment on column vault.masking_key.is_chained is
'Made when raw values were already purged: it masks the masks of the version before it';

-- Statistics would hold keys, also destroyed ones.
do $$
begin
    if exists (
        select from pg_attribute
        where
            attrelid = 'vault.masking_key'::regclass and attname = 'secret'
            and attstattarget is distinct from 0
    ) then
        alter table vault.masking_key alter column secret set statistics 0;
    end if;
end
$$;

create or replace function vault.next_version(wanted_domain text) returns integer
language sql
stable
set search_path = pg_catalog, pg_temp as $$
    select coalesce(max(v.version), 0) + 1
    from (
        select k.domain, k.version from vault.masking_key as k
        union all
        select e.detail ->> 'field', (e.detail ->> 'version')::integer
        from login_audit.entry as e
        where e.kind = 'key_destroyed'
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
            k.domain in (select p.field from vault.personal_field as p)
            and k.version >= (
                select max(s.version) from vault.masking_key as s
                where s.domain = k.domain and not s.is_chained
            )
        group by k.domain
    ) as c
$$;
comment on function vault.key_chain() is
'Which versions of the keys mask, as field:1 other:2+3: the first the value, the next its mask';

create or replace function vault.user_hash(user_id text) returns text
language plpgsql
stable
set search_path = pg_catalog, pg_temp as $$
begin
    if not exists (select from vault.masking_key as k where k.domain = 'erasure') then
        raise exception 'there is no key of domain erasure: restore it, or hashes mean nothing';
    end if;
    return encode(
        crypto.hmac(
            convert_to(user_id, 'UTF8'),
            (select k.secret from vault.masking_key as k where k.domain = 'erasure'),
            'sha256'
        ), 'hex'
    );
end
$$;
comment on function vault.user_hash(text) is
'HMAC-SHA-256 of a user id under the erasure key, in hex: how records name a person';

reset role;
