-- Every landed message: taken apart, judged, masked and cast. Nothing after this model can see
-- an address or a device id, not even in an error message.
with

messages as (

    -- A body that was erased or purged is null.
    select * from {{ source('raw', 'raw_logins') }}
    where body is not null

),

fields as (

    -- ->> one by one is the cheapest way to take jsonb apart.
    select
        message_id,
        sent_at,
        landed_at,
        landed_xid,
        body,
        body ->> 'user_id' as user_id,
        body ->> 'app_version' as app_version,
        body ->> 'device_type' as device_type,
        body ->> 'ip' as ip,
        body ->> 'locale' as locale,
        body ->> 'device_id' as device_id
    from messages

),

logins as (

    select
        -- as sent
        message_id,
        user_id,
        device_type,
        locale,
        sent_at,
        landed_xid,

        -- masked
        {{ mask_pii(canonical_address('ip'), 'ip') }} as masked_ip,
        {{ mask_pii(canonical_device_id('device_id'), 'device_id') }} as masked_device_id,

        -- cast
        {{ version_to_integer('app_version') }} as app_version,
        (coalesce(sent_at, landed_at) at time zone 'UTC')::date as create_date,

        -- judged
        {{ rejection_reason('body') }} as rejection_reason
    from fields

)

select * from logins
