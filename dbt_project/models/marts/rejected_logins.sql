-- depends_on: {{ ref('stg_removed_messages') }}
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
    inner join {{ ref('stg_removed_messages') }} as messages
        on published.message_id = messages.message_id
    where messages.removed = 'purged'
{% endif %}
