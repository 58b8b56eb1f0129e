{#- hmac() without a key is null, without an error: this is how it would show. What counts as sent
    is what has a canonical form. -#}
{% test masked_where_sent(model, rows) %}

select message_id
from ({{ logins_as_sent(model, rows) }}) as logins
where
    false
    {% for field, mask in masks_of('user_logins').items() -%}
        {%- set sent = "(sent ->> '" ~ field ~ "')" -%}
        or not {{ is_pseudonym(mask) }}
        or body is not null
        and ({{ mask }} is null) <> ({{ canonical(login_fields()[field], sent) }} is null)
    {% endfor %}

{% endtest %}
