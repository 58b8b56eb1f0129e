{#- On a Citus cluster, where the raw messages lie on shards by their message id. -#}


{#- Whether the database is one, and this model has rows of single messages: then its rows lie with
    the messages that they come from. The others are small: they stay on the coordinator. -#}
{% macro is_distributed() -%}
    {{ return(is_on_citus() and holds_messages()) }}
{%- endmacro %}


{% macro is_on_citus() -%}
    {%- if not execute -%} {{ return(false) }} {%- endif -%}
    {%- if 'is_on_citus' not in graph -%}
        {%- do graph.update({
            'is_on_citus': run_query(
                "select exists (select from pg_extension where extname = 'citus')"
            ).rows[0][0]
        }) -%}
    {%- endif -%}
    {{ return(graph['is_on_citus']) }}
{%- endmacro %}


{#- An empty table with all that belongs to it: shards take constraints and indexes one by one. -#}
{% macro make_distributed_table(relation) -%}
    {%- set columns = [] -%}
    {%- for column in model.columns.values() -%}
        {%- do columns.append(column.name ~ ' ' ~ column.data_type) -%}
    {%- endfor -%}
    {%- do run_query('create table ' ~ relation ~ ' (' ~ columns | join(', ') ~ ')') -%}
    {%- do run_query(add_contract_constraints(relation)) -%}
    {%- do create_indexes(relation) -%}
    {%- do run_query(
        "select create_distributed_table('" ~ relation ~ "', 'message_id', colocate_with => '"
        ~ source('raw', 'raw_logins').include(database=false) ~ "')"
    ) -%}
{%- endmacro %}
