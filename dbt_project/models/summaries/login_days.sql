with

logins as (

    select create_date from {{ ref('daily_logins') }}

),

-- An adapted raw.login_of may take the date from the message, and Postgres knows dates without end.
bounds as (

    select
        min(create_date) as first_day,
        max(create_date) as last_day
    from logins
    where isfinite(create_date)

),

login_days as (

    select day::date as login_day
    from bounds
    cross join generate_series(first_day, last_day, interval '1 day') as day

)

select * from login_days
