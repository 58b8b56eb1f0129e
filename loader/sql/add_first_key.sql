insert into vault.masking_key (domain, version, secret)
select
    %(domain)s,
    vault.next_version(%(domain)s) as version,
    coalesce(%(secret)s::bytea, public.gen_random_bytes(32)) as secret
where not exists (
    select from vault.masking_key as k
    where k.domain = %(domain)s
)
