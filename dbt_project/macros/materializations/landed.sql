{#- A table that is added to, by windows of what has landed. dbt's incremental puts new rows into a
    temporary table first, and makes a table with its constraints and then fills it. This one writes
    each row once (docs/decisions/own-table-building.md):

    later builds   insert straight from the query. With a unique_key a row takes the place of the one
                   that has its key.
    made anew      CREATE TABLE AS, which unlike INSERT may run in parallel; then constraints and
                   indexes, which are cheaper made at once than kept up.

    Nothing is published that breaks a promise (sound_rows.sql), and the contract holds as with dbt's
    own: the query has its columns and types, lengths are checked and not cut to, constraints are
    added before anybody sees the table. All happens in the transaction of the hooks. -#}
{% materialization landed, adapter='postgres' %}

    {%- do require_options() -%}
    {%- set existing = load_cached_relation(this) -%}
    {%- set target_relation = this.incorporate(type='table') -%}
    {%- set is_made_anew = not is_incremental() -%}

    {{ run_hooks(pre_hooks, inside_transaction=False) }}
    {{ run_hooks(pre_hooks, inside_transaction=True) }}

    {%- set is_distributed = is_on_cluster() and holds_messages() -%}
    {%- if is_on_cluster() -%} {%- set sql = on_cluster('query_of')(sql) -%} {%- endif -%}
    {{ get_assert_columns_equivalent(sql) }}
    {%- if is_made_anew -%}
        {%- set made = target_relation if existing is none else make_intermediate_relation(this) -%}
        {%- if is_distributed -%}
            {%- do on_cluster('make_table')(made, sql) -%}
        {%- else -%}
            {%- call statement('main') -%} {{ create_filled_table(made, sql) }} {%- endcall -%}
            {%- do run_query(without_detail(add_contract_constraints(made) ~ ';', made)) -%}
            {%- do create_indexes(made) -%}
        {%- endif -%}
        {%- if holds_messages() -%} {%- do require_sound_table(made, existing) -%} {%- endif -%}
        {%- if existing is not none -%} {%- do publish_in_place_of(existing, made) -%} {%- endif -%}
    {%- else -%}
        {%- do add_contract_columns(existing) -%}
        {%- do add_pseudonym_checks(existing) -%}
        {%- call statement('main') -%} {{ insert_sound_rows(target_relation, sql) }} {%- endcall -%}
        {%- if is_distributed -%} {%- do require_sound_table(target_relation, none) -%} {%- endif -%}
    {%- endif -%}

    {%- set should_revoke = should_revoke(existing, is_made_anew) -%}
    {%- do apply_grants(target_relation, config.get('grants'), should_revoke=should_revoke) -%}
    {%- do persist_docs(target_relation, model) -%}

    {{ run_hooks(post_hooks, inside_transaction=True) }}
    {%- do adapter.commit() -%}
    {{ run_hooks(post_hooks, inside_transaction=False) }}

    {{ return({'relations': [target_relation]}) }}

{% endmaterialization %}


{#- What landed is told is done, or refused. An option that is left out has none of the values that
    are no instruction. -#}
{% macro require_options() -%}
    {%- set honoured = [
        'access', 'alias', 'contract', 'database', 'docs', 'enabled', 'full_refresh', 'grants', 'group',
        'indexes', 'materialized', 'meta', 'persist_docs', 'post-hook', 'pre-hook', 'schema', 'tags',
        'unique_key'
    ] -%}
    {%- set defaults = {
        'lookback': 1, 'on_configuration_change': 'apply', 'on_schema_change': 'append_new_columns'
    } -%}
    {%- set refused = [] -%}
    {%- for name, value in model.config.items()
        if name not in honoured and value and value != defaults.get(name) -%}
        {%- do refused.append(name ~ ': ' ~ value) -%}
    {%- endfor -%}
    {%- if refused -%}
        {{ exceptions.raise_compiler_error(
            "landed cannot do " ~ refused | join(', ') ~ ". It appends, replaces rows by their "
            ~ "unique_key, and adds new columns (on_schema_change: append_new_columns)"
        ) }}
    {%- elif not config.get('contract').enforced -%}
        {{ exceptions.raise_compiler_error("landed needs contract: {enforced: true}") }}
    {%- endif -%}
{%- endmacro %}


{#- In one moment, for whoever reads. DROP without CASCADE: what others made of the table stays, and
    if the table has other columns now, the error of Postgres names what would be dropped. -#}
{% macro publish_in_place_of(existing, made) -%}
    {%- if existing.is_table and is_used_by_others(existing) -%}
        {%- set names = model.columns.values() | map(attribute='name') | join(', ') -%}
        {%- do run_query(
            'delete from ' ~ existing ~ '; insert into ' ~ existing ~ ' (' ~ names ~ ') select '
            ~ names ~ ' from ' ~ made
        ) -%}
        {%- do run_query('drop table ' ~ made) -%}
    {%- else -%}
        {%- do run_query('drop ' ~ existing.type ~ ' ' ~ existing) -%}
        {%- do adapter.cache_dropped(existing) -%}
        {%- do adapter.rename_relation(made, this.incorporate(type='table')) -%}
    {%- endif -%}
{%- endmacro %}


{#- By views or functions, of a table that has the columns of the contract and no others. -#}
{% macro is_used_by_others(existing) -%}
    {%- set wanted = [] -%}
    {%- for column in model.columns.values() -%} {%- do wanted.append(column.name) -%} {%- endfor -%}
    {%- set present = adapter.get_columns_in_relation(existing) | map(attribute='name') | list -%}
    {{ return(wanted | sort == present | sort and run_query(
        "select exists (select from pg_depend where refclassid = 'pg_class'::regclass and refobjid = '"
        ~ existing.include(database=false) ~ "'::regclass and deptype = 'n'"
        ~ " and classid in ('pg_rewrite'::regclass, 'pg_proc'::regclass))"
    ).rows[0][0]) }}
{%- endmacro %}
