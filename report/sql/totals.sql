-- One row: how many users and logins there are, and of which days.
select
    count(*) as users,
    coalesce(sum(by_user.logins), 0)::bigint as logins,
    (select min(days.create_date) from daily_logins as days) as first_day,
    (select max(days.create_date) from daily_logins as days) as newest_day
from (
    select
        logins.user_id,
        count(*) as logins
    from user_logins as logins
    group by logins.user_id
) as by_user
