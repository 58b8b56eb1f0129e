{#- An aggregate counts again what its new logins touch: whole days, or all logins with a mask. Rows
    are looked up in an index one by one, which OFFSET 0 sees to: a join would be planned by a guess
    at the size of the window, and might read all history. -#}


{#- The rows of user_logins that are new to this model. -#}
{% macro new_logins() -%}
    select logins.*
    from {{ source('raw', 'raw_logins') }} as raw_logins
    cross join lateral (
        select * from {{ ref('user_logins') }} as one_login
        where one_login.message_id = raw_logins.message_id
        offset 0
    ) as logins
    where {{ landed_window('raw_logins.landed_xid') }}
{%- endmacro %}


{#- The logins to count: all of them in a first build, later those with a touched value, which the
    caller selects. -#}
{% macro logins_with(column) -%}
    {%- if not is_incremental() -%}
        select * from {{ ref('user_logins') }}
    {%- elif is_on_cluster() -%}
        {{ on_cluster('logins_with')(column, caller()) }}
    {%- else -%}
        select logins.*
        from ({{ caller() }}) as touched (value)
        cross join lateral (
            select * from {{ ref('user_logins') }} as all_logins
            where all_logins.{{ column }} = touched.value
            offset 0
        ) as logins
    {%- endif -%}
{%- endmacro %}


{#- Pre-hook, after open_landed_window(): the rows that are about to be counted again. -#}
{% macro delete_touched(column, touched) -%}
    {%- if is_incremental() and is_on_cluster() -%}
        {{ on_cluster('delete_touched')(column, touched) }}
    {%- elif is_incremental() -%}
        delete from {{ this }}
        where ctid = any(array(
            select counted.ctid
            from ({{ touched }}) as touched (value)
            cross join lateral (
                select all_counted.ctid from {{ this }} as all_counted
                where all_counted.{{ column }} = touched.value
                offset 0
            ) as counted
        ))
    {%- endif -%}
{%- endmacro %}


{#- Days on which the new logins were sent. -#}
{% macro touched_days() -%}
    select distinct new_logins.create_date from ({{ new_logins() }}) as new_logins
{%- endmacro %}


{#- And the days on which their users had seemed to be new to their version, if an older login of
    theirs has come in late. -#}
{% macro touched_version_days() -%}
    {%- if is_on_cluster() -%}
        {{ on_cluster('touched_version_days')() }}
    {%- else -%}
    select distinct
        unnest(array[
            new_logins.create_date,
            (
                select min(later.create_date)
                from {{ ref('user_logins') }} as later
                where
                    later.user_id = new_logins.user_id
                    and later.app_version = new_logins.app_version
                    and later.create_date > new_logins.create_date
            )
        ])
    from ({{ new_logins() }}) as new_logins
    {%- endif %}
{%- endmacro %}


{#- Masks that the new logins have. -#}
{% macro touched_masks(masks) -%}
    select distinct unnest(array[{{ masks | join(', ') }}])
    from ({{ new_logins() }}) as new_logins
{%- endmacro %}


{#- The first day of every user with every version in `user_days`, which in a first build are all
    there; later it is looked up. -#}
{% macro first_days_of_versions(user_days) -%}
    {%- if not is_incremental() -%}
        select
            user_id,
            app_version,
            min(create_date) as first_day
        from {{ user_days }}
        group by user_id, app_version
    {%- elif is_on_cluster() -%}
        {{ on_cluster('first_days_of_versions')(user_days) }}
    {%- else -%}
        select
            user_versions.user_id,
            user_versions.app_version,
            (
                select min(logins.create_date)
                from {{ ref('user_logins') }} as logins
                where
                    logins.user_id = user_versions.user_id
                    and logins.app_version = user_versions.app_version
            ) as first_day
        from (select distinct user_id, app_version from {{ user_days }}) as user_versions
    {%- endif -%}
{%- endmacro %}
