with

loads as (

    select * from {{ ref('stg_loads') }}

),

new_loads as (

    select
        load_id,
        loaded_at,
        received,
        landed,
        already_there,
        quarantined
    from loads
    where {{ landed_window('landed_xid') }}

)

select * from new_loads
