with

logins as (

    select * from {{ ref('stg_logins') }}

),

new_rejections as (

    select
        message_id,
        rejection_reason,
        sent_at
    from logins
    where
        rejection_reason is not null
        and {{ landed_window('landed_xid') }}

)

select * from new_rejections
{% if keeps_purged_rows() %}
    union all
    select
        published.message_id,
        published.rejection_reason,
        published.sent_at
    from {{ this }} as published
    inner join {{ source('raw', 'raw_logins') }} as raw_logins
        on published.message_id = raw_logins.message_id
    where raw_logins.removed = 'purged'
{% endif %}
