-- The loader's receipts.
select
    load_id::text as load_id,
    loaded_at,
    received,
    landed,
    already_there,
    quarantined,
    landed_xid
from {{ source('raw', 'loads') }}
