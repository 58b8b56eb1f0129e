{#- hmac() without a key is null, without an error: this is how it would show. What counts as sent
    is what has a canonical form. -#}
{% test masked_where_sent(model, rows) %}

select raw_logins.message_id
from {{ source('raw', 'raw_logins') }} as raw_logins
cross join lateral raw.login_of(raw_logins.body) as opened (login)
cross join lateral (
    select * from {{ model }} as one_login
    where one_login.message_id = raw_logins.message_id
    {{ one_by_one('user_logins', rows) }}
) as logins
where
    {{ window_read('raw_logins.landed_xid', 'user_logins', rows) }}
    and (
        false
        {% for field, mask in masks_of('user_logins').items() -%}
            {%- set sent = "(opened.login ->> '" ~ field ~ "')" -%}
            or not {{ is_pseudonym('logins.' ~ mask) }}
            or raw_logins.body is not null
            and (logins.{{ mask }} is null) <> ({{ canonical(login_fields()[field], sent) }} is null)
        {% endfor %}
    )

{% endtest %}
