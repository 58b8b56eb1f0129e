with

loads as (

    select * from {{ source('raw', 'loads') }}

),

new_loads as (

    select
        load_id::text as load_id,
        loaded_at,
        received,
        landed,
        already_there,
        quarantined
    from loads
    where {{ landed_window('landed_xid') }}

)

select * from new_loads
