-- Users on each of the last 90 days by version: the six that most logins came from, and all others
-- in one row a day. A user counts once for a version and day.
with

recent as (

    select * from daily_app_versions
    where create_date > (select max(days.create_date) from daily_logins as days) - 90

),

frequent as (

    select app_version
    from recent
    group by app_version
    order by sum(logins) desc, app_version desc
    limit 6

),

labelled as (

    select
        recent.create_date,
        recent.users,
        coalesce(frequent.app_version, -1) as app_version,
        case when frequent.app_version is null then 'all others' else recent.version end as version
    from recent
    left join frequent on recent.app_version = frequent.app_version

)

select
    create_date as day,
    app_version,
    version,
    sum(users)::bigint as users
from labelled
group by create_date, app_version, version
order by create_date, app_version
