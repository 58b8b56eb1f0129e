{#- The plan of a build of a model, decided once, at the first call:

    state        what the decision rests on (raw.window_state)
    is_known     whether a build has made the table
    is_outdated  whether the table is built from scratch: the keys have changed, the table lacks a
                 column that may not be null, the model follows one that was built from scratch, or
                 people were erased from that one

    The state may change while the build waits for another one. So raw.open_window() looks again
    under its lock, and refuses to go on with an outdated plan. -#}
{% macro build_plan() -%}
    {%- set plans = asked_once().plans -%}
    {%- if model.unique_id not in plans -%}
        {%- set own = window_name(this) -%}
        {%- set followed = window_name(followed_model()) -%}
        {%- set state = fromjson(run_query(
            "select raw.window_state('" ~ own ~ "', '" ~ followed ~ "')::text"
        ).rows[0][0]) -%}
        {#- All models of an invocation mask with the same keys. -#}
        {%- do state.update({'newest': asked_once().key_chain}) -%}
        {%- if own != followed -%}
            {%- set is_outdated = state.made != state.followed_made -%}
        {%- else -%}
            {%- set is_outdated = state.published not in ['', state.newest] -%}
        {%- endif -%}
        {%- do plans.update({
            model.unique_id: {
                'state': state,
                'is_known': state.published != '' or state.made != '0',
                'is_outdated': is_outdated or lacks_required_columns(),
            }
        }) -%}
    {%- endif -%}
    {{ return(plans[model.unique_id]) }}
{%- endmacro %}


{#- A table of an earlier version may lack them, or allow nulls in them. Only the catalogue is read:
    a build that holds a lock on the table while it waits for its window would deadlock with one
    that replaces the table. -#}
{% macro lacks_required_columns() -%}
    {%- set present = run_query(
        "select attname from pg_attribute where attnotnull and attrelid = to_regclass('"
        ~ this.include(database=false) ~ "')"
    ).columns[0].values() | list -%}
    {%- for column in model.columns.values() if column.name not in present -%}
        {%- if column.constraints | selectattr('type', 'equalto', 'not_null') | list -%}
            {{ return(true) }}
        {%- endif -%}
    {%- endfor -%}
    {{ return(false) }}
{%- endmacro %}


{#- Whether the model has rows of single messages. Of purged messages only these rows remain. -#}
{% macro holds_messages() -%}
    {{ return('message_id' in model.columns) }}
{%- endmacro %}
