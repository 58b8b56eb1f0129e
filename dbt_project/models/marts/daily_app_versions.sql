{{ config(unique_key=['create_date', 'app_version']) }}

with

user_days as (

    select
        create_date,
        app_version,
        user_id,
        count(*) as logins,
        min(sent_at) as first_seen,
        max(sent_at) as last_seen
    from {{ ref('user_logins') }}
    where
        app_version is not null
        and {{ landed_window('landed_xid') }}
    group by create_date, app_version, user_id

),

known_days as (

    {{ with_days_before('user_days') }}

),

changes as (

    select
        create_date,
        app_version,
        sum(logins) as logins,
        count(*) filter (where is_that_day is null) as users,
        count(*) filter (
            where create_date = first_day and (first_day < first_day_before) is not false
        ) as new_users,
        min(first_seen) as first_seen,
        max(last_seen) as last_seen
    from known_days
    group by create_date, app_version
    {% if is_incremental() %}
        -- The days on which users had seemed to be new: an older login of theirs has come in late.
        union all
        select
            first_day_before as create_date,
            app_version,
            0 as logins,
            0 as users,
            -1 as new_users,
            null as first_seen,
            null as last_seen
        from known_days
        where create_date = first_day and first_day < first_day_before
    {% endif %}

),

all_counts as (

    select * from changes
    {% if is_incremental() %}
        union all
        select
            counted.create_date,
            counted.app_version,
            counted.logins,
            counted.users,
            counted.new_users,
            counted.first_seen,
            counted.last_seen
        from {{ this }} as counted
        where
            (counted.create_date, counted.app_version) in (
                select
                    changes.create_date,
                    changes.app_version
                from changes
            )
    {% endif %}

),

days as (

    select
        create_date,
        app_version,
        {{ integer_to_version('app_version') }} as version,
        sum(logins)::bigint as logins,
        sum(users)::bigint as users,
        sum(new_users)::bigint as new_users,
        min(first_seen) as first_seen,
        max(last_seen) as last_seen
    from all_counts
    group by create_date, app_version

)

select * from days
