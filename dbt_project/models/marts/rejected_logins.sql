with

logins as (

    select * from {{ ref('stg_logins') }}

)

select
    message_id,
    rejection_reason,
    sent_at
from logins
where
    rejection_reason is not null
    and {{ landed_window('landed_xid') }}
