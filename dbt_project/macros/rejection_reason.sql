{#- Why a message is not a login, or null if it is one. The first rule that applies counts. -#}
{% macro rejection_reason(login, fields) -%}
    case
        when {{ login }} is null then 'no_login'
        when jsonb_typeof({{ login }}) <> 'object'
            then
                case
                    when jsonb_path_exists({{ login }}, '$[*] ? (@.type() == "object")')
                        then 'list_of_logins'
                    else 'body_not_object'
                end
        when not jsonb_exists_any({{ login }}, array{{ fields | list }}) then 'wrong_message_type'
        {% for field in fields %}
            when jsonb_typeof({{ login }} -> '{{ field }}') not in ('string', 'null')
                then '{{ field }}_wrong_type'
        {% endfor %}
        when coalesce({{ trimmed(login ~ " ->> 'user_id'") }}, '') = '' then 'user_id_missing'
        {% for field, rules in fields.items() if rules.length %}
            when length({{ login }} ->> '{{ field }}') > {{ rules.length }}
                then '{{ field }}_too_long'
        {% endfor %}
    end
{%- endmacro %}


{#- All of them. -#}
{% macro rejection_reasons(fields) -%}
    {%- set reasons = [
        'no_login', 'list_of_logins', 'body_not_object', 'wrong_message_type', 'user_id_missing'
    ] -%}
    {%- for field, rules in fields.items() -%}
        {%- do reasons.append(field ~ '_wrong_type') -%}
        {%- if rules.length -%} {%- do reasons.append(field ~ '_too_long') -%} {%- endif -%}
    {%- endfor -%}
    {{ return(reasons) }}
{%- endmacro %}
