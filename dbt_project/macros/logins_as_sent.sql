{#- For tests: the logins that a model has read, each with what was sent, `sent`, and the message,
    `body`, which is null if it was purged. -#}
{% macro logins_as_sent(logins, rows) -%}
    select
        logins.*,
        opened.sent,
        messages.body
    from {{ source('raw', 'raw_logins') }} as messages
    cross join lateral raw.login_of(messages.body) as opened (sent)
    cross join lateral (
        select * from {{ logins }} as one_login
        where one_login.message_id = messages.message_id
        {{ forced_lookup('user_logins', rows) }}
    ) as logins
    where {{ window_read('messages.landed_xid', 'user_logins', rows) }}
{%- endmacro %}
