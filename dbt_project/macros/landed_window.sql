{#- New rows, exactly once, at a cost that does not grow with the history.

    A filter on the newest time or id loses the rows of a transaction that commits late: they are
    older than what has been read already. Transaction ids do better. Every row carries the id of
    the transaction that landed it (landed_xid). At the start of a build all transactions below
    pg_snapshot_xmin() have ended, so what they landed is visible and complete: the build reads
    [last_xid, next_xid), and moves last_xid in its own transaction. A failed build moves nothing.
    https://www.postgresql.org/docs/current/functions-info.html#FUNCTIONS-INFO-SNAPSHOT

    A model uses all three: landed_window() in its WHERE, open_landed_window() as pre-hook and
    close_landed_window() as post-hook (dbt_project.yml sets the hooks for every mart).

    user_logins reads as far as it can. What is built on it follows it: it reads as far as
    user_logins has read, and is made anew when user_logins was. -#}


{#- The condition. -#}
{% macro landed_window(landed_xid) -%}
    {{ landed_xid }} < {{ window_end('next_xid') }}
    {%- if is_incremental() %}
    and {{ landed_xid }} >= {{ window_end('last_xid') }}
    {%- endif %}
{%- endmacro %}


{% macro window_end(column) -%}
    {%- set windows = source('raw', 'model_windows') -%}
    (select {{ column }} from {{ windows }} where model = '{{ window_name() }}')
{%- endmacro %}


{#- One row per model and schema, so that developers' schemas have windows of their own. -#}
{% macro window_name() -%}
    {{ target.schema }}.{{ model.name }}
{%- endmacro %}


{#- The row of user_logins, which the other models follow: they are built after it. -#}
{% macro followed_window_name() -%}
    {%- if model.name != 'user_logins' -%} {%- do ref('user_logins') -%} {%- endif -%}
    {{ target.schema }}.user_logins
{%- endmacro %}


{#- Pre-hook. The locks come first, in statements of their own: of two builds at once, the second
    must take its snapshot after the first has ended. They also keep erasure, purge and rotation out
    until the build has ended, and the rows of user_logins still while others aggregate them. A
    table made anew reads from the start. -#}
{% macro open_landed_window() -%}
    {%- set windows = source('raw', 'model_windows') -%}
    {%- set own = "'" ~ window_name() ~ "'" -%}
    {%- set followed = "'" ~ followed_window_name() ~ "'" -%}
    {%- set is_follower = own != followed -%}
    {%- set plan = build_plan() -%}
    {%- set loses_history = (
        holds_messages() and plan.purged and load_relation(this) is none
        and not var('accept_history_loss', false)
    ) -%}
    {#- An error's detail would quote the row, in the server log. -#}
    select set_config('log_error_verbosity', 'terse', true)
    where has_parameter_privilege(current_user, 'log_error_verbosity', 'SET');

    insert into {{ windows }} (model) values ({{ own }}) on conflict do nothing;

    {% if is_follower %}
        select model from {{ windows }} where model = {{ followed }} for share;
    {% endif %}

    select model from {{ windows }} where model = {{ own }} for update;

    {% if is_on_cluster() %} {{ on_cluster('require_finished')(own, followed) }} {% endif %}

    do $$
    declare
        -- First, and then the snapshot: something may land meanwhile.
        newest constant xid8 := (select max(landed_xid) from {{ source('raw', 'raw_logins') }});
    begin
        if ({{ build_state() }}) is distinct from '{{ plan.state }}' then
            raise exception 'published anew or purged while this build waited: run it again';
        end if;
        if exists (
            select 1 from {{ windows }}
            where last_xid > pg_snapshot_xmax(pg_current_snapshot())
        )
        or newest >= pg_snapshot_xmax(pg_current_snapshot()) then
            raise exception using
                message = 'rows landed in the future: this database was restored from another cluster',
                hint = 'python -m vault restamp';
        end if;
        if {{ loses_history }} then
            raise exception using
                message = '{{ this.identifier }} is gone, and of purged messages its rows were all '
                    'that was left',
                hint = 'restore the table, or build with --vars "accept_history_loss: true"';
        end if;
    end
    $$;

    update {{ windows }} as own
    set
        {% if not is_incremental() %}
            last_xid = '0',
            key_chain = {{ 'followed.key_chain' if is_follower else "'" ~ plan.key_chain ~ "'" }},
            made_xid = {{ 'followed.made_xid' if is_follower else 'pg_current_xact_id()' }},
        {% endif %}
        -- Never back.
        next_xid = greatest(
            own.last_xid, {{ 'followed.last_xid' if is_follower else 'raw.finished_before()' }}
        )
    from {{ windows }} as followed
    where own.model = {{ own }} and followed.model = {{ followed }}
{%- endmacro %}


{#- Post-hook, in the same transaction. -#}
{% macro close_landed_window() -%}
    update {{ source('raw', 'model_windows') }}
    set
        first_xid = last_xid,
        last_xid = next_xid
    where model = '{{ window_name() }}'
{%- endmacro %}


{#- For tests: the rows that a model has read, those of its newest build or all. (A build that made
    it anew has read them all.) -#}
{% macro window_read(landed_xid, model_name, rows) -%}
    {%- set windows = source('raw', 'model_windows') -%}
    {%- set name = target.schema ~ '.' ~ model_name -%}
    {{ landed_xid }} < (select last_xid from {{ windows }} where model = '{{ name }}')
    {%- if rows == 'newest' %}
    and {{ landed_xid }} >= (select first_xid from {{ windows }} where model = '{{ name }}')
    {%- endif %}
{%- endmacro %}


{#- For tests: ends a lateral subquery that finds one row. OFFSET 0 keeps it a look-up for each row
    of a window, whatever the planner thinks of its size; if the window is all there is, it may be
    a join. -#}
{% macro one_by_one(model_name, rows) -%}
    {%- if execute and rows == 'newest' -%}
        {%- set windows = source('raw', 'model_windows') -%}
        {%- set name = target.schema ~ '.' ~ model_name -%}
        {%- set first = run_query(
            'select first_xid::text from ' ~ windows ~ " where model = '" ~ name ~ "'"
        ).columns[0].values() -%}
        {{ 'offset 0' if first and first[0] != '0' }}
    {%- endif -%}
{%- endmacro %}
