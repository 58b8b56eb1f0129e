{#- The ways in which dbt can be run and this project cannot, each refused in a line. -#}


{#- A window moves past the rows of a message whether or not a model has got them.

    With --fail-fast dbt ends what other threads run, by pg_terminate_backend() of a session that works
    with login_transformer, which may not end the sessions of a login. dbt then stops without a record
    of the run, and `dbt retry` would repeat an earlier one. So it does with --threads 1. -#}
{% macro refuse_options() -%}
    {%- for option in ['empty', 'sample'] if execute and invocation_args_dict.get(option) -%}
        {{ exceptions.raise_compiler_error(
            "--" ~ option ~ " would mark messages as read that no model has: build in a schema of your "
            ~ "own (DBT_SCHEMA) instead, or with --defer"
        ) }}
    {%- endfor -%}
    {%- if execute and flags.FAIL_FAST -%}
        {{ exceptions.raise_compiler_error(
            "--fail-fast may not end what other threads run, and would leave no record for `dbt retry`: "
            ~ "run dbt without it"
        ) }}
    {%- endif -%}
{%- endmacro %}


{#- What dbt makes belongs to the role that it works with. -#}
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
