-- A landed message is a login or it is rejected: never both, never neither. Of messages that
-- landed while the models were being built, the next build decides. An erased one is in none.
with

read_by_both as (

    select min(last_xid) as last_xid
    from {{ source('raw', 'model_windows') }}
    where model in ('{{ target.schema }}.user_logins', '{{ target.schema }}.rejected_logins')

),

landed as (

    select
        raw_logins.message_id,
        raw_logins.landed_xid < read_by_both.last_xid as is_read
    from {{ source('raw', 'raw_logins') }} as raw_logins
    cross join read_by_both
    where raw_logins.removed is distinct from 'erased'

),

decided as (

    select message_id from {{ ref('user_logins') }}
    union all
    select message_id from {{ ref('rejected_logins') }}

)

select
    coalesce(landed.message_id, decided.message_id) as message_id,
    count(decided.message_id) as models
from landed
full outer join decided on landed.message_id = decided.message_id
where landed.message_id is null or landed.is_read
group by 1
having count(decided.message_id) <> 1 or count(landed.message_id) = 0
