-- A landed message is a login or it is rejected: never both, never neither. Of messages that
-- landed while the models were being built, the next build decides. An erased one is in none.
with

landed as (

    select
        raw_logins.message_id,
        {{ window_read('raw_logins.landed_xid', 'user_logins', 'all') }}
        and {{ window_read('raw_logins.landed_xid', 'rejected_logins', 'all') }} as is_read
    from {{ source('raw', 'raw_logins') }} as raw_logins
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
