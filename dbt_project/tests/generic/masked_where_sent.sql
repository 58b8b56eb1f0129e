{#- hmac() without a key is null, without an error: this is how it would show. What counts as sent
    is what has a canonical form. -#}
{% test masked_where_sent(model, masks, rows) %}

select raw_logins.message_id
from {{ source('raw', 'raw_logins') }} as raw_logins
cross join lateral (
    select * from {{ model }} as one_login
    where one_login.message_id = raw_logins.message_id
    {{ one_by_one('user_logins', rows) }}
) as logins
where
    {{ window_read('raw_logins.landed_xid', 'user_logins', rows) }}
    and (
        {% for mask, field in masks.items() -%}
            {%- set sent = "(raw_logins.body ->> '" ~ field ~ "')" -%}
            {{ 'or ' if not loop.first }}logins.{{ mask }} !~ '^[0-9a-f]{64}$'
            or raw_logins.body is not null
            and (logins.{{ mask }} is null)
            <> (
                {{ canonical_address(sent) if field == 'ip' else canonical_device_id(sent) }} is null
            )
        {% endfor %}
    )

{% endtest %}
