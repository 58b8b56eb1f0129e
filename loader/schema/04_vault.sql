-- The masking keys, made in the database so that no other machine ever holds them.
set local role login_owner;

create table if not exists vault.masking_key (
    domain text not null check (domain in ('ip', 'device_id')),
    version integer not null check (version > 0),
    -- HMAC keys shorter than the hash output weaken it (RFC 2104, section 3).
    secret bytea not null check (octet_length(secret) >= 32),
    created_at timestamptz not null default now(),
    primary key (domain, version)
);
comment on table vault.masking_key is
'HMAC-SHA-256 keys (RFC 2104), one per domain: masks of one kind say nothing about the other';

insert into vault.masking_key (domain, version, secret)
select
    wanted.domain,
    1 as version,
    public.gen_random_bytes(32) as secret
from (values ('ip'), ('device_id')) as wanted (domain)
where wanted.domain not in (select masking_key.domain from vault.masking_key);

reset role;
