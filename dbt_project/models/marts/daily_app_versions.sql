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
        max(sent_at) as last_seen
    from logins
    where app_version is not null
    group by create_date, app_version, user_id

),

first_days as (

    {{ first_days_of_versions('user_days') }}

),

days as (

    select
        user_days.create_date,
        user_days.app_version,
        {{ integer_to_version('user_days.app_version') }} as version,
        sum(user_days.logins)::bigint as logins,
        count(*) as users,
        count(*) filter (where user_days.create_date = first_days.first_day) as new_users,
        min(user_days.first_seen) as first_seen,
        max(user_days.last_seen) as last_seen
    from user_days
    inner join first_days
        on
            user_days.user_id = first_days.user_id
            and user_days.app_version = first_days.app_version
    group by user_days.create_date, user_days.app_version

)

select * from days
