{#- The receipts have the numbers of the rows in the raw tables. -#}
{% test accounts_for_every_message(model, rows) %}
{%- set is_tested = window_read('landed_xid', 'load_receipts', rows) %}

with

receipts as (

    select
        load_id,
        landed,
        quarantined
    from {{ model }}
    where
        load_id = any(array(
            select load_id::text from {{ source('raw', 'loads') }}
            where {{ is_tested }}
        ))

),

rows_landed as (

    select
        load_id::text as load_id,
        count(*) as landed
    from {{ source('raw', 'raw_logins') }}
    where {{ is_tested }}
    group by load_id

),

rows_quarantined as (

    select
        load_id::text as load_id,
        count(*) as quarantined
    from {{ source('raw', 'quarantined_messages') }}
    where {{ is_tested }}
    group by load_id

)

select
    receipts.load_id,
    rows_landed.load_id as landed_load_id,
    rows_quarantined.load_id as quarantined_load_id
from receipts
full outer join rows_landed on receipts.load_id = rows_landed.load_id
full outer join rows_quarantined on receipts.load_id = rows_quarantined.load_id
where
    coalesce(receipts.landed, -1) <> coalesce(rows_landed.landed, 0)
    or coalesce(receipts.quarantined, -1) <> coalesce(rows_quarantined.quarantined, 0)

{% endtest %}
