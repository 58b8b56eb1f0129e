-- What the loader received on each of the last 90 days, two weeks at least.
with

by_day as (

    select
        (loaded_at at time zone 'UTC')::date as day,
        sum(landed)::bigint as landed,
        sum(already_there)::bigint as already_there,
        sum(quarantined)::bigint as quarantined
    from load_receipts
    group by (loaded_at at time zone 'UTC')::date

),

newest as (

    select max(day) as day
    from by_day

),

recent as (

    select by_day.* from by_day
    where by_day.day > (select newest.day from newest) - 90

),

calendar as (

    select series.day::date as day
    from newest
    cross join lateral generate_series(
        least((select min(recent.day) from recent), newest.day - 13)::timestamp,
        newest.day::timestamp,
        interval '1 day'
    ) as series (day)

)

select
    calendar.day,
    coalesce(recent.landed, 0) as landed,
    coalesce(recent.already_there, 0) as already_there,
    coalesce(recent.quarantined, 0) as quarantined
from calendar
left join recent on calendar.day = recent.day
order by calendar.day
