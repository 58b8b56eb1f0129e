{#- Differences on a Citus cluster (docs/citus.md), where raw messages are on shards by their
    message id. Other macros ask is_on_cluster(), and then call on_cluster(NAME). -#}


{% macro is_on_cluster() -%}
    {{ return(execute and asked_once().is_on_cluster) }}
{%- endmacro %}


{% macro on_cluster(name) -%}
    {{ return(context['citus__' ~ name]) }}
{%- endmacro %}


{#- The query of a model, with the ends of its window as literals. Shards have no table of windows,
    so otherwise the rows would have to come to the coordinator. -#}
{% macro citus__query_of(sql) -%}
    {%- set ends = namespace(sql=sql) -%}
    {%- for end in [window_end(), window_start()] if end in sql -%}
        {%- set value = run_query('select ' ~ end ~ '::text').rows[0][0] -%}
        {%- set ends.sql = ends.sql.replace(end, "'" ~ value ~ "'::xid8") -%}
    {%- endfor -%}
    {{ return(ends.sql) }}
{%- endmacro %}


{#- The rows of a model with message ids are on the shard of their message. (The other models are
    small and stay on the coordinator.) The table gets its constraints and indexes while it is
    empty, because shards take them one at a time. -#}
{% macro citus__make_table(relation, sql) -%}
    {%- set columns = [] -%}
    {%- for column in model.columns.values() -%}
        {%- do columns.append(column.name ~ ' ' ~ column.data_type) -%}
    {%- endfor -%}
    {%- do run_query('create table ' ~ relation ~ ' (' ~ columns | join(', ') ~ ')') -%}
    {%- do run_query(without_detail(add_contract_constraints(relation) ~ ';', relation)) -%}
    {%- do create_indexes(relation) -%}
    {%- do run_query(
        "select create_distributed_table('" ~ relation ~ "', 'message_id', colocate_with => '"
        ~ source('raw', 'raw_logins').include(database=false) ~ "')"
    ) -%}
    {%- call statement('main') -%}
        {{ without_detail(insert_rows(relation, sql) ~ ';', '(' ~ sql ~ ')') }}
    {%- endcall -%}
{%- endmacro %}


{#- The touched values are sent to the shards and joined there. A look-up for each value would be a
    separate query. -#}
{% macro citus__logins_of(touched, columns) -%}
    select logins.*
    from {{ touched }} as touched
    inner join {{ ref('user_logins') }} as logins
        on true {%- for column in columns %} and touched.{{ column }} = logins.{{ column }} {%- endfor %}
{%- endmacro %}


{% macro citus__with_days_before(user_days, first_day) -%}
    select
        {{ user_days }}.*,
        {{ first_day }} as first_day,
        before.first_day_before,
        before.is_that_day
    from {{ user_days }}
    left join (
        select
            new_days.user_id,
            new_days.app_version,
            new_days.create_date,
            min(logins.create_date) as first_day_before,
            nullif(bool_or(new_days.create_date = logins.create_date), false) as is_that_day
        from {{ user_days }} as new_days
        inner join {{ ref('user_logins') }} as logins
            on new_days.user_id = logins.user_id and new_days.app_version = logins.app_version
        where logins.landed_xid < {{ window_start() }}
        group by new_days.user_id, new_days.app_version, new_days.create_date
    ) as before using (user_id, app_version, create_date)
{%- endmacro %}
