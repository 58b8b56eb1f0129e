{#- For `landed`: whether this build adds to the existing table. This is dbt's rule for
    `incremental` with one addition: an outdated table is built from scratch. -#}
{% macro is_incremental() -%}
    {%- if not execute or model.config.materialized != 'landed' -%}
        {{ return(dbt.is_incremental()) }}
    {%- endif -%}
    {%- set existing = load_cached_relation(this) -%}
    {%- set configured = config.get('full_refresh') -%}
    {%- if existing is none or not existing.is_table
        or (flags.FULL_REFRESH if configured is none else configured) -%}
        {{ return(false) }}
    {%- endif -%}
    {%- set plan = build_plan() -%}
    {%- if plan.is_outdated and configured is not none -%}
        {{ exceptions.raise_compiler_error(
            this.identifier ~ " has to be made anew, and is configured with full_refresh: false"
        ) }}
    {%- elif not plan.is_known -%}
        {{ exceptions.raise_compiler_error(
            "no build has made the table " ~ this.include(database=false) ~ ": rename it, or replace "
            ~ "it by `dbt build --full-refresh`"
        ) }}
    {%- endif -%}
    {{ return(not plan.is_outdated) }}
{%- endmacro %}
