-- dbt reads what transactions have landed that began before any that is still open.
with

unread as (

    select
        min(r.landed_at) as since,
        min(r.landed_xid) as first_xid
    from raw.raw_logins as r
    where
        r.landed_xid >= coalesce((
            select w.last_xid
            from raw.model_windows as w
            inner join vault.settings as s on s.name = 'published_schema'
            where w.model = s.value || '.user_logins'
        ), '0')

),

holding as (

    select l.pid
    from pg_locks as l
    where l.locktype = 'transactionid' and l.mode = 'ExclusiveLock' and l.granted
    order by age(l.transactionid) desc
    limit 1

)

select
    'window: no open transaction keeps dbt from reading new logins' as subject,
    coalesce(
        u.first_xid < raw.finished_before()
        or u.since > now() - interval '15 minutes', true
    ) as is_ok,
    format(
        'they have waited since %s: end %s, or wait for it',
        date_trunc('second', u.since),
        coalesce('the transaction of process ' || h.pid, 'the prepared transaction')
    ) as remedy
from unread as u
left join holding as h on true
