{#- Without its key hmac() would quietly give null for everything. -#}
{% macro require_masking_keys() -%}
    {%- if execute -%}
        {%- set installed = run_query("select to_regnamespace('vault') is not null").rows[0][0] -%}
        {%- set domains = run_query(
            "select count(distinct domain) from " ~ source('vault', 'masking_key')
        ).rows[0][0] if installed else 0 -%}
        {%- if domains < 2 -%}
            {{ exceptions.raise_compiler_error(
                "The database is not ready, or a masking key is missing: run `python -m loader init`"
            ) }}
        {%- endif -%}
    {%- endif -%}
{%- endmacro %}
