select newest.version
from (
    select
        version,
        secret
    from vault.masking_key
    where domain = %(domain)s
    order by version desc
    limit 1
) as newest
where newest.secret = %(secret)s::bytea
