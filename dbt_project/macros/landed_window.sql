{#- New rows, exactly once, at a cost that does not grow with the history.

    A filter on the newest time or id loses the rows of a transaction that commits late: they are
    older than what has been read already. Transaction ids do better. Every row carries the id of
    the transaction that landed it (landed_xid). At the start of a build all transactions below
    pg_snapshot_xmin() have ended, so what they landed is visible and complete: the build reads
    [last_xid, next_xid), and moves last_xid in its own transaction. A failed build moves nothing.
    https://www.postgresql.org/docs/current/functions-info.html#FUNCTIONS-INFO-SNAPSHOT

    A model uses all three: landed_window() in its WHERE, open_landed_window() as pre-hook and
    close_landed_window() as post-hook (dbt_project.yml sets the hooks for every mart). -#}


{#- The condition. -#}
{% macro landed_window(landed_xid) -%}
    {%- set windows = source('raw', 'model_windows') -%}
    {{ landed_xid }} < (select next_xid from {{ windows }} where model = '{{ window_name() }}')
    {%- if is_incremental() %}
    and {{ landed_xid }} >= (select last_xid from {{ windows }} where model = '{{ window_name() }}')
    {%- endif %}
{%- endmacro %}


{#- One row per model and schema, so that developers' schemas have windows of their own. -#}
{% macro window_name() -%}
    {{ target.schema }}.{{ model.name }}
{%- endmacro %}


{#- Pre-hook. The lock comes first, in a statement of its own: of two builds at once, the second
    must take its snapshot after the first has ended. A table made anew reads from the start. -#}
{% macro open_landed_window() -%}
    insert into {{ source('raw', 'model_windows') }} (model)
    values ('{{ window_name() }}')
    on conflict do nothing;

    select model from {{ source('raw', 'model_windows') }}
    where model = '{{ window_name() }}'
    for update;

    update {{ source('raw', 'model_windows') }}
    set
        last_xid = {{ 'last_xid' if is_incremental() else "'0'" }},
        next_xid = pg_snapshot_xmin(pg_current_snapshot())
    where model = '{{ window_name() }}'
{%- endmacro %}


{#- Post-hook, in the same transaction. -#}
{% macro close_landed_window() -%}
    update {{ source('raw', 'model_windows') }}
    set last_xid = next_xid
    where model = '{{ window_name() }}'
{%- endmacro %}
