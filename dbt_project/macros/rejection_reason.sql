{#- Why a body is no login, or null if it is one: the first rule that applies.
    The fields are strings or null; lengths are those of the columns of user_logins. -#}
{% macro rejection_reason(body) -%}
    {%- set fields = ['user_id', 'app_version', 'device_type', 'ip', 'locale', 'device_id'] -%}
    {%- set lengths = {'user_id': 128, 'device_type': 32, 'locale': 32} -%}
    case
        when jsonb_typeof({{ body }}) <> 'object' then 'body_not_object'
        when not jsonb_exists_any({{ body }}, array{{ fields }}) then 'wrong_message_type'
        {% for field in fields %}
            when jsonb_typeof({{ body }} -> '{{ field }}') not in ('string', 'null')
                then '{{ field }}_wrong_type'
        {% endfor %}
        when coalesce({{ trimmed(body ~ " ->> 'user_id'") }}, '') = '' then 'user_id_missing'
        {% for field, length in lengths.items() %}
            when length({{ body }} ->> '{{ field }}') > {{ length }} then '{{ field }}_too_long'
        {% endfor %}
    end
{%- endmacro %}
