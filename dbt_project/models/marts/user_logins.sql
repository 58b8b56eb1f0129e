-- depends_on: {{ ref('stg_removed_messages') }}
with

logins as (

    select * from {{ ref('stg_logins') }}

),

new_logins as (

    select
        user_id,
        device_type,
        masked_ip,
        masked_device_id,
        locale,
        app_version,
        create_date,
        message_id,
        sent_at,
        landed_xid
    from logins
    where
        rejection_reason is null
        and {{ landed_window('landed_xid') }}

)

select * from new_logins
{% if keeps_purged_rows() %}
    union all
    select
        published.user_id,
        published.device_type,
        {{ rekey('published', 'ip') }} as masked_ip,
        {{ rekey('published', 'device_id') }} as masked_device_id,
        published.locale,
        published.app_version,
        -- Earlier versions left it null where the time of sending is unknown.
        coalesce(
            published.create_date, (messages.landed_at at time zone 'UTC')::date
        ) as create_date,
        published.message_id,
        published.sent_at,
        messages.landed_xid
    from {{ this }} as published
    inner join {{ ref('stg_removed_messages') }} as messages
        on published.message_id = messages.message_id
    where messages.removed = 'purged'
{% endif %}
