-- The messages that jsonb refuses and that wait for somebody, without what they say.
select
    message_id,
    landed_at
from {{ source('raw', 'quarantined_messages') }}
where removed is null
