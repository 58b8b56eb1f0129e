-- Logins of the last 90 days by device type: the most frequent, and all others in one row.
with

counted as (

    select
        device_type,
        sum(logins)::bigint as logins
    from daily_logins
    where create_date > (select max(newest.create_date) from daily_logins as newest) - 90
    group by device_type

),

ranked as (

    select
        device_type,
        logins,
        row_number() over (order by logins desc, device_type asc) as place
    from counted

),

labelled as (

    select
        logins,
        least(place, 9) as place,
        case
            when place > 8 then '(all others)'
            else coalesce(nullif(device_type, ''), '(none)')
        end as label
    from ranked

)

select
    place,
    label,
    sum(logins)::bigint as logins
from labelled
group by place, label
order by place
