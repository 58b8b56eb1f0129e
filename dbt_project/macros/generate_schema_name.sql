{#- dbt's own rule, for names that are the same wherever they stand (why: vault/settings.py). dbt
    gives tests a schema of their own for rows that fail, with a longer name. None are kept, so of a
    test the schema of the profile counts. -#}
{% macro generate_schema_name(custom_schema_name, node) -%}
    {%- set given = dbt.default__generate_schema_name(custom_schema_name, node) | trim -%}
    {%- set name = target.schema if node and node.resource_type == 'test' else given -%}
    {%- if not modules.re.fullmatch('[A-Za-z0-9_-]{1,63}', name) -%}
        {{ exceptions.raise_compiler_error(
            "The schema is '" ~ name ~ "': give a name of up to 63 letters, digits, _ and - "
            ~ "(DBT_SCHEMA, or the schema of the profile)"
        ) }}
    {%- elif modules.re.fullmatch('raw|vault|login_audit|crypto|information_schema|pg_.*', name) -%}
        {{ exceptions.raise_compiler_error(
            "The schema is '" ~ name ~ "', which is not for publishing: name another (DBT_SCHEMA, or "
            ~ "the schema of the profile)"
        ) }}
    {%- endif -%}
    {{ given }}
{%- endmacro %}
