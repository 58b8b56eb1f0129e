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
    {%- if is_incremental() -%}
        select logins.*
        from ({{ caller() }}) as touched (value)
        cross join lateral (
            select * from {{ ref('user_logins') }} as all_logins
            where all_logins.{{ column }} = touched.value
            offset 0
        ) as logins
    {%- else -%}
        select * from {{ ref('user_logins') }}
    {%- endif -%}
{%- endmacro %}


{#- Pre-hook, after open_landed_window(): the rows that are about to be counted again. -#}
{% macro delete_touched(column, touched) -%}
    {%- if is_incremental() -%}
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
{%- endmacro %}


{#- Masks that the new logins have. -#}
{% macro touched_masks(columns) -%}
    select distinct unnest(array[{{ columns }}])
    from ({{ new_logins() }}) as new_logins
{%- endmacro %}


{#- On which day a user first logged in with a version: looked up, or found among the rows, which
    in a first build are all there. To stand in a query that groups `logins` by user, version and
    day. -#}
{% macro first_day_of_version(logins) -%}
    {%- if is_incremental() -%}
        (
            select min(older.create_date)
            from {{ ref('user_logins') }} as older
            where
                older.user_id = {{ logins }}.user_id
                and older.app_version = {{ logins }}.app_version
        )
    {%- else -%}
        min({{ logins }}.create_date) over (
            partition by {{ logins }}.user_id, {{ logins }}.app_version
        )
    {%- endif -%}
{%- endmacro %}
