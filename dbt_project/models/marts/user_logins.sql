with

logins as (

    select * from {{ ref('stg_logins') }}

)

select
    user_id,
    device_type,
    masked_ip,
    masked_device_id,
    locale,
    app_version,
    create_date,
    message_id,
    sent_at
from logins
where
    rejection_reason is null
    and {{ landed_window('landed_xid') }}
