-- Logins and users on each of the last 90 days, days without any among them. Two weeks at least,
-- so that a first day stands in some surroundings.
with

newest as (

    select max(create_date) as day
    from daily_logins

),

login_days as (

    select
        create_date,
        sum(logins)::bigint as logins
    from daily_logins
    where create_date > (select newest.day from newest) - 90
    group by create_date

),

-- Users of several device types and locales do not add up: counted anew.
users_of_day as (

    select
        create_date,
        user_id
    from user_logins
    where create_date > (select newest.day from newest) - 90
    group by create_date, user_id

),

user_days as (

    select
        create_date,
        count(*) as users
    from users_of_day
    group by create_date

),

calendar as (

    select series.day::date as create_date
    from newest
    cross join lateral generate_series(
        least((select min(login_days.create_date) from login_days), newest.day - 13)::timestamp,
        newest.day::timestamp,
        interval '1 day'
    ) as series (day)

)

select
    calendar.create_date as day,
    coalesce(login_days.logins, 0) as logins,
    coalesce(user_days.users, 0) as users
from calendar
left join login_days on calendar.create_date = login_days.create_date
left join user_days on calendar.create_date = user_days.create_date
order by calendar.create_date
