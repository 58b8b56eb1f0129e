insert into vault.masking_key (domain, version, secret)
select
    %(domain)s,
    1 as version,
    coalesce(%(secret)s::bytea, public.gen_random_bytes(32)) as secret
where not exists (
    select from vault.masking_key as k
    where k.domain = %(domain)s
)
