{{ config(unique_key=['create_date', 'device_type', 'locale']) }}

{#- What a login says, but for when. -#}
{%- set said = masks_of('user_logins').values() | list + ['user_id', 'app_version'] -%}
{%- set said = 'row(' ~ said | join(', ') ~ ')' %}

with

logins as (

    -- A user counts once a day: with each new login, all logins of that user on that day.
    {{ logins_to_count(['create_date', 'user_id']) }}

),

changes as (

    select
        create_date,
        device_type,
        locale,
        count(*) filter (where is_new) as logins,
        count(distinct user_id) - count(distinct user_id) filter (where not is_new) as users,
        count(*) filter (where is_new)
        - count(distinct {{ said }})
        + count(distinct {{ said }}) filter (where not is_new) as repeats,
        count(*) filter (where is_new and app_version is null) as unreadable_versions
    from logins
    group by create_date, device_type, locale
    {% if is_incremental() %}
        union all
        select
            counted.create_date,
            counted.device_type,
            counted.locale,
            counted.logins,
            counted.users,
            counted.repeats,
            counted.unreadable_versions
        from {{ this }} as counted
        where counted.create_date in (select logins.create_date from logins)
    {% endif %}

),

days as (

    select
        create_date,
        device_type,
        locale,
        sum(logins)::bigint as logins,
        sum(users)::bigint as users,
        sum(repeats)::bigint as repeats,
        sum(unreadable_versions)::bigint as unreadable_versions
    from changes
    group by create_date, device_type, locale

)

select * from days
