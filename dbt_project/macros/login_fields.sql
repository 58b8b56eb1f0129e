{#- The fields that are read from a login: the list in stg_logins.sql. -#}
{% macro login_fields() -%}
    {%- if not execute -%} {{ return({}) }} {%- endif -%}
    {{ return(graph.nodes['model.' ~ project_name ~ '.stg_logins'].config.meta['fields']) }}
{%- endmacro %}


{#- The canonical form of a field: equal values become equal texts. Null if no value was sent. -#}
{% macro canonical(rules, value) -%}
    {%- if rules['canonical'] not in context -%}
        {{ exceptions.raise_compiler_error(
            "Nothing is published: there is no macro " ~ rules['canonical'] ~ ", which the list in "
            ~ "stg_logins.sql names as a canonical form"
        ) }}
    {%- endif -%}
    {{ context[rules['canonical']](value) }}
{%- endmacro %}
