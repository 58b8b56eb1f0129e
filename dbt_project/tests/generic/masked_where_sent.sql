{#- hmac() without a key is null, without an error: this is how it would show. The raw value is
    looked up message by message: a join might be planned as one of all history. -#}
{% test masked_where_sent(model, column_name, field, rows) %}

select logins.message_id
from {{ model }} as logins
where
    {% if rows == 'newest' %}
        logins.message_id = any(array(
            select raw_logins.message_id
            from {{ source('raw', 'raw_logins') }} as raw_logins
            where {{ window_read('raw_logins.landed_xid', 'user_logins', 'newest') }}
        ))
        and
    {% endif %}
    (
        logins.{{ column_name }} !~ '^[0-9a-f]{64}$'
        or (logins.{{ column_name }} is null) <> (
            select {{ trimmed("raw_logins.body ->> '" ~ field ~ "'") }} is null
            from {{ source('raw', 'raw_logins') }} as raw_logins
            where raw_logins.message_id = logins.message_id and raw_logins.body is not null
        )
    )

{% endtest %}
