{#- New rows, exactly once, at a cost that does not grow with the history.

    A filter on the newest time or id loses the rows of a transaction that commits late: they are
    older than the newest row that a build has read. So the window is made of transaction ids. Every
    row has the id of the transaction that landed it (landed_xid). At the start of a build, all
    transactions below pg_snapshot_xmin() have ended, so all their rows are visible. The build moves
    the end of its window to that id, and reads the window, in one transaction. A build that fails
    does not move the window.
    https://www.postgresql.org/docs/current/functions-info.html#FUNCTIONS-INFO-SNAPSHOT

    raw.open_window() in vault/schema/windows.sql has the locks and the checks.

    user_logins reads to the end of its window. The models on top of it read as far as user_logins
    has read, and are built from scratch after user_logins was. -#}


{#- The condition, of a model whose pre-hook has opened the window. -#}
{% macro landed_window(landed_xid) -%}
    {{ landed_xid }} < {{ window_end() }}
    {%- if is_incremental() %}
    and {{ landed_xid }} >= {{ window_start() }}
    {%- endif %}
{%- endmacro %}


{% macro window_start() -%}
    (select first_xid from raw.model_windows where model = '{{ window_name(this) }}')
{%- endmacro %}


{% macro window_end() -%}
    (select last_xid from raw.model_windows where model = '{{ window_name(this) }}')
{%- endmacro %}


{#- One window for each table, so that those of developers' schemas have their own. -#}
{% macro window_name(relation) -%}
    {{ relation.schema }}.{{ relation.identifier }}
{%- endmacro %}


{#- user_logins, in whatever schema dbt reads it from. The other models are built after it. -#}
{% macro followed_model() -%}
    {{ return(this if model.name == 'user_logins' else ref('user_logins')) }}
{%- endmacro %}


{#- Pre-hook: in the transaction of the build, so that rows and window move together or not at
    all. -#}
{% macro open_window() -%}
    {%- set followed = followed_model() -%}
    {#- A clone is a view, and runs the hooks of the model. -#}
    {%- if execute and flags.WHICH != 'clone' -%}
        {%- do refuse_loss_of_history() -%}
        select raw.open_window(
            '{{ window_name(this) }}',
            '{{ window_name(followed) }}',
            {{ not is_incremental() }},
            '{{ tojson(build_plan().state) }}'
        )
    {%- endif -%}
{%- endmacro %}


{#- For tests: the rows that a model has read, in its newest build or in all. (A full build reads
    all rows.) -#}
{% macro window_read(landed_xid, model_name, rows) -%}
    {%- set name = window_name(ref(model_name)) -%}
    {{ landed_xid }} < (select last_xid from raw.model_windows where model = '{{ name }}')
    {%- if rows == 'newest' %}
    and {{ landed_xid }} >= (select first_xid from raw.model_windows where model = '{{ name }}')
    {%- endif %}
{%- endmacro %}


{#- For tests: ends a lateral subquery that finds one row. OFFSET 0 keeps it a look-up for each row
    of a window, whatever the planner thinks of its size; if the window is all there is, it may be
    a join. -#}
{% macro forced_lookup(model_name, rows) -%}
    {%- if execute and rows == 'newest' -%}
        {%- set name = window_name(ref(model_name)) -%}
        {%- set first = run_query(
            "select first_xid::text from raw.model_windows where model = '" ~ name ~ "'"
        ).columns[0].values() -%}
        {{ 'offset 0' if first and first[0] != '0' }}
    {%- endif -%}
{%- endmacro %}
