{#- dbt's own rule, for names that are the same wherever they stand (why: vault/settings.py). -#}
{% macro generate_schema_name(custom_schema_name, node) -%}
    {%- set name = dbt.default__generate_schema_name(custom_schema_name, node) | trim -%}
    {%- if not modules.re.fullmatch('[A-Za-z0-9_-]{1,63}', name) -%}
        {{ exceptions.raise_compiler_error(
            "The schema is '" ~ name ~ "': give a name of up to 63 letters, digits, _ and - "
            ~ "(DBT_SCHEMA, or the schema of the profile)"
        ) }}
    {%- elif modules.re.fullmatch('raw|vault|information_schema|pg_.*', name) -%}
        {{ exceptions.raise_compiler_error(
            "The schema is '" ~ name ~ "', which is not for publishing: name another (DBT_SCHEMA, or "
            ~ "the schema of the profile)"
        ) }}
    {%- endif -%}
    {{ name }}
{%- endmacro %}
