{#- Not accepted_values: the list follows the fields of a login. -#}
{% test is_a_reason(model, column_name) %}

select {{ column_name }}
from {{ model }}
where
    {{ column_name }} <> all(array[
        {% for reason in rejection_reasons(login_fields()) -%}
            '{{ reason }}'{{ ', ' if not loop.last }}
        {%- endfor %}
    ])

{% endtest %}
