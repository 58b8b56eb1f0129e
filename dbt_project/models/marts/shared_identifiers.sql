{{ config(unique_key=['masked_value', 'kind']) }}

-- depends_on: {{ ref('user_logins') }}
with

identifiers as (

    -- Also the types, whatever is personal.
    select
        null::text as kind,
        null::varchar as masked_value,
        null::varchar as user_id,
        null::timestamptz as sent_at
    where false
    {% for field, mask in masks_of('user_logins').items() -%}
        union all
        select
            '{{ field }}' as kind,
            logins.{{ mask }} as masked_value,
            logins.user_id,
            logins.sent_at
        from ({{ logins_to_count([mask]) }}) as logins
        where logins.{{ mask }} is not null
    {% endfor %}

),

shared_identifiers as (

    select
        kind,
        masked_value,
        count(distinct user_id) as users,
        count(*) as logins,
        min(sent_at) as first_seen,
        max(sent_at) as last_seen
    from identifiers
    group by kind, masked_value
    having count(distinct user_id) > 1

)

select * from shared_identifiers
