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
        sent_at
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
            published.create_date, (raw_logins.landed_at at time zone 'UTC')::date
        ) as create_date,
        published.message_id,
        published.sent_at
    from {{ this }} as published
    inner join {{ source('raw', 'raw_logins') }} as raw_logins
        on published.message_id = raw_logins.message_id
    where raw_logins.removed = 'purged'
{% endif %}
