-- What an analyst sees, with an analyst's rights.
set role login_analyst;

\echo 'user_logins: the first rows (masks shortened here)'
select
    user_id,
    device_type,
    left(masked_ip, 12) || '…' as masked_ip,
    left(masked_device_id, 12) || '…' as masked_device_id,
    locale,
    app_version,
    create_date
from user_logins
order by sent_at, message_id
limit 10;

\echo 'rejected_logins: messages that are not logins, and why'
select * from rejected_logins;

\echo 'Devices shared by several users: equal devices have equal masks'
select
    left(masked_device_id, 12) || '…' as masked_device_id,
    count(distinct user_id) as users,
    count(*) as logins
from user_logins
group by user_logins.masked_device_id
having count(distinct user_id) > 1
order by users desc, logins desc;
