-- Messages that are not logins, by reason. There are about a dozen reasons (rejected_logins).
select
    rejection_reason as label,
    count(*) as messages
from rejected_logins
group by rejection_reason
order by messages desc, label asc
