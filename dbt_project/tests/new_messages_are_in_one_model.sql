-- Every message that the newest build has read is in exactly one of the two models.
select raw_logins.message_id
from {{ source('raw', 'raw_logins') }} as raw_logins
where
    {{ window_read('raw_logins.landed_xid', 'rejected_logins', 'newest') }}
    and raw_logins.removed is distinct from 'erased'
    -- Counted one by one: a join might be planned as one of all history.
    and (
        select count(*) from {{ ref('user_logins') }} as logins
        where logins.message_id = raw_logins.message_id
    ) + (
        select count(*) from {{ ref('rejected_logins') }} as rejections
        where rejections.message_id = raw_logins.message_id
    ) <> 1
