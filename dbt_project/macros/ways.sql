{#- Options of dbt that do not work with this project. Each is refused with one line. -#}


{#- A window moves past its messages, even if the model did not get their rows. -#}
{% macro refuse_parts_of_messages() -%}
    {%- for option in ['empty', 'sample'] if execute and invocation_args_dict.get(option) -%}
        {{ exceptions.raise_compiler_error(
            "--" ~ option ~ " would mark messages as read that no model has: build in a schema of your "
            ~ "own (DBT_SCHEMA) instead, or with --defer"
        ) }}
    {%- endfor -%}
{%- endmacro %}


{#- A table that dbt made belongs to the current role. -#}
{% macro refuse_tables_of_others() -%}
    {%- set names = [] -%}
    {%- for node in (graph.nodes if execute else {}).values()
        if node.unique_id in selected_resources
        and node.resource_type == 'model' and node.config.materialized != 'ephemeral' -%}
        {%- do names.append("('" ~ node.schema ~ "', '" ~ node.alias ~ "')") -%}
    {%- endfor -%}
    {%- if names -%}
        {%- set others = run_query(
            "select format('%I.%I', n.nspname, c.relname) || ' of ' || c.relowner::regrole"
            ~ " from pg_class as c inner join pg_namespace as n on c.relnamespace = n.oid"
            ~ " where (n.nspname, c.relname) in (" ~ names | join(', ') ~ ")"
            ~ " and c.relowner <> current_user::regrole order by 1"
        ).columns[0].values() -%}
        {%- if others -%}
            {{ exceptions.raise_compiler_error(
                "dbt did not make " ~ others | join(', ') ~ ": rename it, or publish to another schema "
                ~ "(DBT_SCHEMA)"
            ) }}
        {%- endif -%}
    {%- endif -%}
{%- endmacro %}
