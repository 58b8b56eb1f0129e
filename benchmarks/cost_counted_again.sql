-- Logins that the newest build of user_logins makes its followers read again: those of its users and
-- days, and those with its masks.
with

newest as (

    select l.user_id, l.create_date, l.masked_ip, l.masked_device_id
    from user_logins as l
    inner join raw.model_windows as w on w.model = 'public.user_logins'
    where l.landed_xid >= w.first_xid and l.landed_xid < w.last_xid

)

select
    (
        select count(*) from user_logins as l
        where (l.user_id, l.create_date) in (select n.user_id, n.create_date from newest as n)
    ) as of_days,
    (
        select count(*) from user_logins as l
        where l.masked_ip in (select n.masked_ip from newest as n)
    ) + (
        select count(*) from user_logins as l
        where l.masked_device_id in (select n.masked_device_id from newest as n)
    ) as of_masks
