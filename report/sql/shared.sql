-- The ten devices and the ten addresses that most users share.
with

ranked as (

    select
        kind,
        masked_value,
        users,
        logins,
        first_seen,
        last_seen,
        row_number() over (
            partition by kind
            order by users desc, logins desc, masked_value asc
        ) as place,
        count(*) over (partition by kind) as groups
    from shared_identifiers

)

select * from ranked
where place <= 10
order by kind, place
