{#- Aggregates are updated: a later build reads the new logins, and those old logins that tell
    whether a user is new on a day or for a version. OFFSET 0 and LIMIT force an index look-up for
    each of them. A join would depend on the planner's guess of the window's size, and might read
    the whole history. -#}


{#- The logins to count. A first build counts all logins. A later build counts the new logins, and
    all old logins with the same values in these columns. -#}
{% macro logins_to_count(columns) -%}
    {%- if not is_incremental() -%}
        select
            *,
            true as is_new
        from {{ ref('user_logins') }}
    {%- else -%}
        with

        touched as materialized (

            select distinct {{ columns | join(', ') }}
            from {{ ref('user_logins') }}
            where {{ landed_window('landed_xid') }}

        )

        select
            counted.*,
            {{ landed_window('counted.landed_xid') }} as is_new
        from ({{ logins_of('touched', columns) }}) as counted
    {%- endif -%}
{%- endmacro %}


{% macro logins_of(touched, columns) -%}
    {%- if is_on_cluster() -%}
        {{ on_cluster('logins_of')(touched, columns) }}
    {%- else -%}
        select logins.*
        from {{ touched }} as touched
        cross join lateral (
            select * from {{ ref('user_logins') }} as all_logins
            where true {%- for column in columns %}
                and all_logins.{{ column }} = touched.{{ column }} {%- endfor %}
            offset 0
        ) as logins
    {%- endif -%}
{%- endmacro %}


{#- Users, versions and days of logins, with the first of these days, the first day of the user with
    the version before them, and whether the user was there on that day before. No join: it would be
    planned for a few rows, as a nested loop. -#}
{% macro with_days_before(user_days) -%}
    {%- set first_day = 'min(create_date) over (partition by user_id, app_version)' -%}
    {%- if not is_incremental() -%}
        select
            *,
            {{ first_day }} as first_day,
            null::date as first_day_before,
            null::boolean as is_that_day
        from {{ user_days }}
    {%- elif is_on_cluster() -%}
        {{ on_cluster('with_days_before')(user_days, first_day) }}
    {%- else -%}
        select
            *,
            {{ first_day }} as first_day,
            (
                select min(logins.create_date)
                from {{ ref('user_logins') }} as logins
                where
                    logins.user_id = new_days.user_id
                    and logins.app_version = new_days.app_version
                    and logins.landed_xid < {{ window_start() }}
            ) as first_day_before,
            (
                select true
                from {{ ref('user_logins') }} as logins
                where
                    logins.user_id = new_days.user_id
                    and logins.app_version = new_days.app_version
                    and logins.create_date = new_days.create_date
                    and logins.landed_xid < {{ window_start() }}
                limit 1
            ) as is_that_day
        from {{ user_days }} as new_days
    {%- endif -%}
{%- endmacro %}
