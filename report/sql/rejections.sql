-- Messages that are no login, by reason: there are a dozen (see rejected_logins).
select
    rejection_reason as label,
    count(*) as messages
from rejected_logins
group by rejection_reason
order by messages desc, label asc
