{{ config(pre_hook="{{ delete_touched('create_date', touched_version_days()) }}") }}

with

logins as (

    {% call logins_with('create_date') %} {{ touched_version_days() }} {% endcall %}

),

user_days as (

    select
        create_date,
        app_version,
        user_id,
        count(*) as logins,
        min(sent_at) as first_seen,
        max(sent_at) as last_seen,
        {{ first_day_of_version('logins') }} as first_day
    from logins
    where create_date is not null and app_version is not null
    group by create_date, app_version, user_id

),

days as (

    select
        create_date,
        app_version,
        {{ integer_to_version('app_version') }} as version,
        sum(logins)::bigint as logins,
        count(*) as users,
        count(*) filter (where create_date = first_day) as new_users,
        min(first_seen) as first_seen,
        max(last_seen) as last_seen
    from user_days
    group by create_date, app_version

)

select * from days
