-- The reconciliation: where everything is that has landed.
select
    landed,
    logins,
    rejected,
    erased
from {{ ref('pipeline_health') }}
where landed <> logins + rejected + erased
