-- Every landed message, without what it says.
select
    message_id,
    landed_at,
    landed_xid
from {{ source('raw', 'raw_logins') }}
