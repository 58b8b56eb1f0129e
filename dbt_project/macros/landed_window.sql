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
    must take its snapshot after the first has ended. It also keeps erasure, purge and rotation out
    until the build has ended. A table made anew reads from the start. -#}
{% macro open_landed_window() -%}
    {%- set windows = source('raw', 'model_windows') -%}
    {%- set plan = build_plan() -%}
    {%- set published = "'" ~ plan.published ~ "'" if plan.published else 'null' -%}
    {%- set loses_history = (
        plan.purged and load_relation(this) is none and not var('accept_history_loss', false)
    ) -%}
    {#- An error's detail would quote the row, in the server log. -#}
    select set_config('log_error_verbosity', 'terse', true)
    where has_parameter_privilege(current_user, 'log_error_verbosity', 'SET');

    insert into {{ windows }} (model) values ('{{ window_name() }}') on conflict do nothing;

    select model from {{ windows }} where model = '{{ window_name() }}' for update;

    do $$
    begin
        if vault.key_chain() is distinct from '{{ plan.key_chain }}'
        or (select key_chain from {{ windows }} where model = '{{ window_name() }}')
        is distinct from {{ published }}
        or exists (select from {{ source('raw', 'raw_logins') }} where removed = 'purged')
        <> {{ plan.purged }} then
            raise exception 'published anew or purged while this build waited: run it again';
        end if;
        if (select max(landed_xid) from {{ source('raw', 'raw_logins') }})
        >= pg_snapshot_xmax(pg_current_snapshot()) then
            raise exception using
                message = 'rows landed in the future: this database was restored from another cluster',
                hint = 'README, "Restore"';
        end if;
        if {{ loses_history }} then
            raise exception using
                message = '{{ this.identifier }} is gone, and of purged messages its rows were all '
                    'that was left',
                hint = 'restore the table, or build with --vars "accept_history_loss: true"';
        end if;
    end
    $$;

    update {{ windows }}
    set
        {% if not is_incremental() -%}
        last_xid = '0',
        key_chain = '{{ plan.key_chain }}',
        {% endif -%}
        next_xid = pg_snapshot_xmin(pg_current_snapshot())
    where model = '{{ window_name() }}'
{%- endmacro %}


{#- Post-hook, in the same transaction. -#}
{% macro close_landed_window() -%}
    update {{ source('raw', 'model_windows') }}
    set last_xid = next_xid
    where model = '{{ window_name() }}'
{%- endmacro %}
