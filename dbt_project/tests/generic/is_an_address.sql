{#- Text that is none is masked as it is, and has companions only by chance. -#}
{% test is_an_address(model, field) %}

select message_id
from ({{ logins_as_sent(model, 'newest') }}) as logins
where
    {{ canonical_address("(sent ->> '" ~ field ~ "')") }}
        !~ '^(?:{{ ipv4_pattern(leading_zeros=false) }}|{{ ipv6_pattern() }})$'

{% endtest %}
