{#- What is read of a login, by the names that raw.login_of gives: this list, and nothing else. Text
    that is longer than `length` is rejected. What is personal (vault/schema/personal_fields.sql)
    has the macro of its canonical form, and is masked. -#}
{%- set fields = {
    'user_id': {'length': 128},
    'app_version': {},
    'device_type': {'length': 32},
    'ip': {'length': 1024, 'canonical': 'canonical_address'},
    'locale': {'length': 32},
    'device_id': {'length': 1024, 'canonical': 'canonical_device_id'},
} -%}
{{ config(meta={'fields': fields}) }}

-- Every landed message: opened, taken apart, judged, masked and cast. Nothing after this model can
-- see what is personal, not even in an error message.
with

opened as (

    -- In FROM the function is evaluated once for each row. (In a subquery with OFFSET 0 too, but
    -- then not in parallel.)
    select
        messages.message_id,
        messages.sent_at,
        messages.landed_at,
        messages.landed_xid,
        opened.login
    from {{ source('raw', 'raw_logins') }} as messages
    cross join lateral raw.login_of(messages.body) as opened (login)
    -- A body that was erased or purged is null.
    where messages.body is not null

),

taken_apart as (

    -- ->> one by one is the cheapest way to take jsonb apart.
    select
        {% for field in fields -%}
            login ->> '{{ field }}' as {{ field }},
        {% endfor -%}
        message_id,
        sent_at,
        landed_at,
        landed_xid,
        login
    from opened

),

logins as (

    select
        -- as sent
        message_id,
        user_id,
        device_type,
        locale,
        sent_at,
        landed_xid,

        -- masked
        {% for field, rules in fields.items() if rules.canonical -%}
            {{ mask_pii(canonical(rules, field), field) }} as masked_{{ field }},
        {% endfor %}
        -- cast
        {{ version_to_integer('app_version') }} as app_version,
        (coalesce(sent_at, landed_at) at time zone 'UTC')::date as create_date,

        -- judged
        {{ rejection_reason('login', fields) }} as rejection_reason
    from taken_apart

)

select * from logins
