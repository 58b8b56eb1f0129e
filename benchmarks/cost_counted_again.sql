-- Logins that the newest build of user_logins makes its followers count again: those of its days,
-- and those with its masks.
with

newest as (

    select l.create_date, l.masked_ip, l.masked_device_id
    from user_logins as l
    inner join raw.raw_logins as r on l.message_id = r.message_id
    inner join raw.model_windows as w on w.model = 'public.user_logins'
    where r.landed_xid >= w.first_xid and r.landed_xid < w.last_xid

)

select
    (
        select count(*) from user_logins as l
        where l.create_date in (select n.create_date from newest as n)
    ) as of_days,
    (
        select count(*) from user_logins as l
        where l.masked_ip in (select n.masked_ip from newest as n)
    ) + (
        select count(*) from user_logins as l
        where l.masked_device_id in (select n.masked_device_id from newest as n)
    ) as of_masks
