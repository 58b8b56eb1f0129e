with

days as (

    select * from {{ ref('daily_app_versions') }}

),

app_versions as (

    select
        app_version,
        version,
        sum(logins)::bigint as logins,
        sum(new_users)::bigint as users,
        min(first_seen) as first_seen,
        max(last_seen) as last_seen
    from days
    group by app_version, version

)

select * from app_versions
