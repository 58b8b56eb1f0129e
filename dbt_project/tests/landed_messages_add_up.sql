-- The reconciliation: every landed message is in one place.
select
    landed,
    logins,
    rejected,
    erased
from {{ ref('pipeline_health') }}
where landed <> logins + rejected + erased
