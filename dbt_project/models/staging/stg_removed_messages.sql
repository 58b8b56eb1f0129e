-- The messages whose body is gone. Apart from stg_messages, because a CTE that a query names twice
-- is read as a whole, and has no index.
select
    message_id,
    landed_at,
    landed_xid,
    removed
from {{ source('raw', 'raw_logins') }}
where removed is not null
