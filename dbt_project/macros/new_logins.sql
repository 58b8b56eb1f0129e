{#- What an aggregate has to count again, for its WHERE and for the DELETE before it. As arrays,
    which Postgres looks up in an index one by one: a join it would plan by a guess at the size of
    the window, and might read all history. -#}


{#- The rows of user_logins of messages that a condition on raw_logins holds for. -#}
{% macro logins_landed(condition) -%}
    select logins.*
    from {{ ref('user_logins') }} as logins
    where logins.message_id = any(array(
        select raw_logins.message_id
        from {{ source('raw', 'raw_logins') }} as raw_logins
        where {{ condition }}
    ))
{%- endmacro %}


{#- Those that are new to this model. -#}
{% macro new_logins() -%}
    {{ logins_landed(landed_window('raw_logins.landed_xid')) }}
{%- endmacro %}


{#- Pre-hook, after open_landed_window(): these rows are about to be counted again. -#}
{% macro delete_touched(column, touched) -%}
    {%- if is_incremental() -%}
        delete from {{ this }} where {{ column }} = any(array({{ touched }}))
    {%- endif -%}
{%- endmacro %}


{#- Days on which the new logins were sent. -#}
{% macro touched_days() -%}
    select new_logins.create_date from ({{ new_logins() }}) as new_logins
{%- endmacro %}


{#- And the days on which their users had seemed to be new to their version, if an older login of
    theirs has come in late. -#}
{% macro touched_version_days() -%}
    select unnest(array[
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


{#- Masks that new logins have. -#}
{% macro touched_masks(column) -%}
    select new_logins.{{ column }} from ({{ new_logins() }}) as new_logins
{%- endmacro %}
