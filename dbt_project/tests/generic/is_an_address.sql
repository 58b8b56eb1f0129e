{#- Text that is none is masked as it is, and has companions only by chance. -#}
{% test is_an_address(model, field) %}

select logins.message_id
from {{ source('raw', 'raw_logins') }} as messages
cross join lateral raw.login_of(messages.body) as opened (login)
cross join lateral (
    select * from {{ model }} as one_login
    where one_login.message_id = messages.message_id
    {{ one_by_one('user_logins', 'newest') }}
) as logins
where
    {{ window_read('messages.landed_xid', 'user_logins', 'newest') }}
    and {{ canonical_address("(opened.login ->> '" ~ field ~ "')") }}
        !~ '^(?:{{ ipv4_pattern(leading_zeros=false) }}|{{ ipv6_pattern() }})$'

{% endtest %}
