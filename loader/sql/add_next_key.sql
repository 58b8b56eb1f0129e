-- Chained to its predecessor if raw values are purged: old masks can then only be masked again.
-- No row if there is no key yet, or if the new one was in use before.
insert into vault.masking_key (domain, version, secret, is_chained)
select
    k.domain,
    vault.next_version(k.domain) as version,
    coalesce(%(secret)s::bytea, public.gen_random_bytes(32)) as secret,
    (
        select count(*) > 0 from raw.raw_logins as r
        where r.removed = 'purged'
    ) as is_chained
from vault.masking_key as k
where k.domain = %(domain)s
group by k.domain
having bool_or(k.secret = %(secret)s::bytea) is not true
returning version
