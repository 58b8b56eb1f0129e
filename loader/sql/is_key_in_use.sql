-- A row if masks are computed with the version: it is in the chain of the newest key, or in one
-- that a model is published under.
with

chains as (

    select w.key_chain from raw.model_windows as w
    union all
    select vault.key_chain()

),

parts as (

    select string_to_table(chains.key_chain, ' ') as part from chains

)

select 1 as is_in_use
from parts
where
    split_part(part, ':', 1) = %(domain)s
    and %(version)s::text = any(string_to_array(split_part(part, ':', 2), '+'))
