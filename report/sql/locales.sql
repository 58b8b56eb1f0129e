-- Logins of the last 90 days by locale: the most frequent, and all others in one row.
with

counted as (

    select
        locale,
        sum(logins)::bigint as logins
    from daily_logins
    where create_date > (select max(newest.create_date) from daily_logins as newest) - 90
    group by locale

),

ranked as (

    select
        locale,
        logins,
        row_number() over (order by logins desc, locale asc) as place
    from counted

),

labelled as (

    select
        logins,
        least(place, 13) as place,
        case
            when place > 12 then '(all others)'
            else coalesce(nullif(locale, ''), '(none)')
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
