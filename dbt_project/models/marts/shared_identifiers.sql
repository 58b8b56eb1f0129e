{{ config(
    pre_hook="{{ delete_touched('masked_value', touched_masks('masked_ip, masked_device_id')) }}"
) }}

with

ip_logins as (

    {% call logins_with('masked_ip') %} {{ touched_masks('masked_ip') }} {% endcall %}

),

device_logins as (

    {% call logins_with('masked_device_id') %} {{ touched_masks('masked_device_id') }} {% endcall %}

),

identifiers as (

    select
        'ip' as kind,
        masked_ip as masked_value,
        user_id,
        sent_at
    from ip_logins
    where masked_ip is not null
    union all
    select
        'device_id' as kind,
        masked_device_id as masked_value,
        user_id,
        sent_at
    from device_logins
    where masked_device_id is not null

),

shared_identifiers as (

    select
        kind,
        masked_value,
        count(distinct user_id) as users,
        count(*) as logins,
        min(sent_at) as first_seen,
        max(sent_at) as last_seen
    from identifiers
    group by kind, masked_value
    having count(distinct user_id) > 1

)

select * from shared_identifiers
