-- The aggregates are equal to a count of all logins from scratch.
with

recounted as (

    select
        'daily_logins' as model,
        concat_ws('|', create_date, device_type, locale) as key,
        count(*) as logins,
        count(distinct user_id) as users
    from {{ ref('user_logins') }}
    group by create_date, device_type, locale
    union all
    select
        'app_versions' as model,
        app_version::text as key,
        count(*) as logins,
        count(distinct user_id) as users
    from {{ ref('user_logins') }}
    where app_version is not null
    group by app_version
    {% for field, mask in masks_of('user_logins').items() -%}
        union all
        select
            'shared_identifiers' as model,
            '{{ field }}|' || {{ mask }} as key,
            count(*) as logins,
            count(distinct user_id) as users
        from {{ ref('user_logins') }}
        where {{ mask }} is not null
        group by {{ mask }}
        having count(distinct user_id) > 1
    {% endfor %}

),

counted as (

    select
        'daily_logins' as model,
        concat_ws('|', create_date, device_type, locale) as key,
        logins,
        users
    from {{ ref('daily_logins') }}
    union all
    select
        'app_versions' as model,
        app_version::text as key,
        logins,
        users
    from {{ ref('app_versions') }}
    union all
    select
        'shared_identifiers' as model,
        kind || '|' || masked_value as key,
        logins,
        users
    from {{ ref('shared_identifiers') }}

)

select
    model,
    key,
    sum(logins) as logins,
    sum(users) as users
from (
    select * from recounted
    union all
    select
        model,
        key,
        -logins as logins,
        -users as users
    from counted
) as compared
group by model, key
having sum(logins) <> 0 or sum(users) <> 0
