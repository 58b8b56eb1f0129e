-- Logins and users on each of the last 90 days, including days without logins. At least two weeks,
-- so that a first day is not alone in the chart; days before the first login have no number.
with

newest as (

    select max(login_day) as day
    from login_days

),

logins_of_day as (

    select
        create_date,
        sum(logins)::bigint as logins
    from daily_logins
    where create_date > (select newest.day from newest) - 90
    group by create_date

),

-- Users of several device types and locales do not add up: they are counted again.
users_by_day as (

    select
        create_date,
        user_id
    from user_logins
    where create_date > (select newest.day from newest) - 90
    group by create_date, user_id

),

users_of_day as (

    select
        create_date,
        count(*) as users
    from users_by_day
    group by create_date

),

calendar as (

    select series.day::date as create_date
    from newest
    cross join lateral generate_series(
        least(
            greatest((select min(login_days.login_day) from login_days), newest.day - 89),
            newest.day - 13
        )::timestamp,
        newest.day::timestamp,
        interval '1 day'
    ) as series (day)

)

select
    calendar.create_date as day,
    case when days.login_day is not null then coalesce(logins_of_day.logins, 0) end as logins,
    case when days.login_day is not null then coalesce(users_of_day.users, 0) end as users
from calendar
left join login_days as days on calendar.create_date = days.login_day
left join logins_of_day on calendar.create_date = logins_of_day.create_date
left join users_of_day on calendar.create_date = users_of_day.create_date
order by calendar.create_date
