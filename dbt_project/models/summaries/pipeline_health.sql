-- From what others have summed up already: nothing here reads all history.
with

receipts as (

    select
        coalesce(sum(landed), 0)::bigint as landed,
        max(loaded_at) as last_loaded_at
    from {{ ref('load_receipts') }}

),

days as (

    select
        coalesce(sum(logins), 0)::bigint as logins,
        coalesce(sum(repeats), 0)::bigint as equal_bodies,
        coalesce(sum(unreadable_versions), 0)::bigint as unreadable_versions,
        max(create_date) as newest_day
    from {{ ref('daily_logins') }}

),

newest_day as (

    select max(logins.sent_at) as newest_sent_at
    from {{ ref('user_logins') }} as logins
    where logins.create_date = (select days.newest_day from days)

),

-- By day, and also of the day before: its last logins come in with the first of the newest.
many_identifiers as (

    select count(distinct user_days.user_id) as users_with_many_identifiers
    from (
        select user_id
        from {{ ref('user_logins') }}
        where create_date >= (select days.newest_day - 1 from days)
        group by user_id, create_date
        having greatest(
            {% for mask in masks_of('user_logins').values() -%}
                count(distinct {{ mask }}),
            {% endfor -%}
            0
        ) > {{ var('identifiers_a_day', 50) | int }}
    ) as user_days

),

rejections as (

    select count(*) as rejected from {{ ref('rejected_logins') }}

),

quarantine as (

    select count(*) as quarantined from {{ ref('stg_quarantined_messages') }}

),

erasures as (

    select count(*) as erased
    from {{ ref('stg_removed_messages') }}
    where removed = 'erased' and landed_xid < {{ window_end() }}

),

unread as (

    select coalesce(extract(epoch from now() - min(landed_at)), 0)::integer as lag_seconds
    from {{ ref('stg_messages') }}
    where landed_xid >= {{ window_end() }}

),

health as (

    select
        -- where the messages are
        receipts.landed,
        days.logins,
        rejections.rejected,
        erasures.erased,
        quarantine.quarantined,

        -- how old the newest are
        receipts.last_loaded_at,
        newest_day.newest_sent_at,
        unread.lag_seconds,

        -- what someone may look at
        days.unreadable_versions,
        days.equal_bodies,
        many_identifiers.users_with_many_identifiers,
        now() as checked_at
    from receipts
    cross join days
    cross join newest_day
    cross join many_identifiers
    cross join rejections
    cross join quarantine
    cross join erasures
    cross join unread

)

select * from health
