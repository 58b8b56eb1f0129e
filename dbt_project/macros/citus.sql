{#- What is different on a Citus cluster (docs/citus.md), where the raw messages lie on shards by
    their message id. Other macros ask is_on_cluster(), and then call on_cluster(NAME). -#}


{% macro is_on_cluster() -%}
    {{ return(execute and asked_once().is_on_cluster) }}
{%- endmacro %}


{% macro on_cluster(name) -%}
    {{ return(context['citus__' ~ name]) }}
{%- endmacro %}


{#- The query of a model, with the ends of the window that its pre-hook has opened written out:
    shards have no table of windows, and to look there rows would have to come to the coordinator. -#}
{% macro citus__query_of(sql) -%}
    {%- set ends = namespace(sql=sql) -%}
    {%- for end in [window_end(), window_start()] if end in sql -%}
        {%- set value = run_query('select ' ~ end ~ '::text').rows[0][0] -%}
        {%- set ends.sql = ends.sql.replace(end, "'" ~ value ~ "'::xid8") -%}
    {%- endfor -%}
    {{ return(ends.sql) }}
{%- endmacro %}


{#- The rows of a model of single messages lie with the messages that they come from. (The other
    models are small: they stay on the coordinator.) An empty table first, with all that belongs
    to it: shards take constraints and indexes one by one. -#}
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


{#- The touched values go to the shards, where their number is known; a look-up for each of them
    would be a query of its own. -#}
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
