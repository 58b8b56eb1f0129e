{#- What is different on a Citus cluster (docs/citus.md), where the raw messages lie on shards by
    their message id. Other macros ask is_on_cluster(), and then call on_cluster(NAME). -#}


{% macro is_on_cluster() -%}
    {%- if not execute -%} {{ return(false) }} {%- endif -%}
    {%- if 'is_on_cluster' not in graph -%}
        {%- do graph.update({
            'is_on_cluster': run_query(
                "select exists (select from pg_extension where extname = 'citus')"
            ).rows[0][0]
        }) -%}
    {%- endif -%}
    {{ return(graph['is_on_cluster']) }}
{%- endmacro %}


{% macro on_cluster(name) -%}
    {{ return(context['citus__' ~ name]) }}
{%- endmacro %}


{#- The last build, an erasure, a new key: they have left their transaction's id in the rows of
    windows, and must have ended on every node. -#}
{% macro citus__require_finished(own, followed) -%}
    do $$
    declare
        unfinished constant xid8[] := raw.unfinished();
    begin
        if exists (
            select 1 from {{ source('raw', 'model_windows') }}
            where model in ({{ own }}, {{ followed }}) and raw.with_epoch(xmin) = any(unfinished)
        ) then
            raise exception 'what came before is not finished on every node: run again in a minute';
        end if;
    end
    $$;
{%- endmacro %}


{#- The query of a model of single messages, with the ends of the window that its pre-hook has
    opened written out: shards have no table of windows, and to look there rows would have to come
    to the coordinator. -#}
{% macro citus__query_of(sql) -%}
    {%- set ends = namespace(sql=sql) -%}
    {%- for column in ['next_xid', 'last_xid'] if window_end(column) in sql -%}
        {%- set value = run_query('select ' ~ window_end(column) ~ '::text').rows[0][0] -%}
        {%- set ends.sql = ends.sql.replace(window_end(column), "'" ~ value ~ "'::xid8") -%}
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
{% macro citus__logins_with(column, touched) -%}
    select logins.*
    from ({{ touched }}) as touched (value)
    inner join {{ ref('user_logins') }} as logins on touched.value = logins.{{ column }}
{%- endmacro %}


{% macro citus__delete_touched(column, touched) -%}
    delete from {{ this }}
    where {{ column }} in ({{ touched }})
{%- endmacro %}


{% macro citus__touched_version_days() -%}
    with

    new_user_days as materialized (

        select distinct
            user_id,
            app_version,
            create_date
        from ({{ new_logins() }}) as new_logins

    )

    select create_date from new_user_days
    union
    select min(later.create_date) as create_date
    from new_user_days
    inner join {{ ref('user_logins') }} as later
        on
            new_user_days.user_id = later.user_id
            and new_user_days.app_version = later.app_version
            and new_user_days.create_date < later.create_date
    group by new_user_days.user_id, new_user_days.app_version, new_user_days.create_date
{%- endmacro %}


{% macro citus__first_days_of_versions(user_days) -%}
    select
        user_versions.user_id,
        user_versions.app_version,
        min(logins.create_date) as first_day
    from (select distinct user_id, app_version from {{ user_days }}) as user_versions
    inner join {{ ref('user_logins') }} as logins
        on
            user_versions.user_id = logins.user_id
            and user_versions.app_version = logins.app_version
    group by user_versions.user_id, user_versions.app_version
{%- endmacro %}
