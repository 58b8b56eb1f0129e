-- A few messages are always wrong. Many mean that the sender has changed, or raw.login_of is wrong.
{{ config(severity='warn') }}

with

new_messages as (

    select rejections.rejection_reason
    from {{ source('raw', 'raw_logins') }} as messages
    left join lateral (
        select one_rejection.rejection_reason
        from {{ ref('rejected_logins') }} as one_rejection
        where one_rejection.message_id = messages.message_id
        {{ forced_lookup('rejected_logins', 'newest') }}
    ) as rejections on true
    where
        {{ window_read('messages.landed_xid', 'rejected_logins', 'newest') }}
        and messages.removed is distinct from 'erased'

),

reasons as (

    select
        rejection_reason,
        count(*) as messages,
        sum(count(*)) over () as all_messages,
        sum(count(*) filter (where rejection_reason <> 'no_login')) over () as all_rejected
    from new_messages
    group by rejection_reason

)

select
    rejection_reason,
    messages,
    all_messages
from reasons
where
    rejection_reason <> 'no_login'
    and all_messages >= 20
    and all_rejected > all_messages * {{ var('rejected_share', 0.05) }}
