-- A version masks as long as it is in the chain of the newest key, or in one that a model is
-- published under.
with

destroyed as (

    delete from vault.masking_key as k
    where
        k.domain = %(domain)s
        and k.version = %(version)s
        and (
            %(even_in_use)s
            or not exists (
                select from (
                    select w.key_chain from raw.model_windows as w
                    union all
                    select vault.key_chain()
                ) as c (key_chain)
                cross join lateral string_to_table(c.key_chain, ' ') as part (text)
                where
                    split_part(part.text, ':', 1) = k.domain
                    and k.version::text = any(string_to_array(split_part(part.text, ':', 2), '+'))
            )
        )
    returning
        k.domain,
        k.version

)

insert into vault.destroyed_key (domain, version)
select
    domain,
    version
from destroyed
returning version
