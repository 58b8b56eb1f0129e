{#- What is read of a login: the list in stg_logins.sql. -#}
{% macro login_fields() -%}
    {%- if not execute -%} {{ return({}) }} {%- endif -%}
    {{ return(graph.nodes['model.' ~ project_name ~ '.stg_logins'].config.meta['fields']) }}
{%- endmacro %}


{#- The form in which equal values of a field are equal, and null if none was sent. -#}
{% macro canonical(rules, value) -%}
    {{ context[rules['canonical']](value) }}
{%- endmacro %}
