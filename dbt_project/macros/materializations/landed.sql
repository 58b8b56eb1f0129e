{#- Builds a table from windows of landed messages, and writes each row once. dbt's incremental
    first puts new rows into a temporary table, and fills a new table after it has its constraints
    and indexes (docs/decisions/own-table-building.md).

    later builds   insert directly from the query. With a unique_key, a new row replaces the row that
                   has the same key.
    full builds    CREATE TABLE AS, which unlike INSERT may run in parallel, then constraints and
                   indexes: creating them at the end is cheaper than updating them row by row.

    A build that breaks a rule of sound_rows.sql publishes nothing. The contract holds as with dbt's
    own: the query has its columns and types, a text that is too long is an error, and constraints
    are added before anybody sees the table. All happens in the transaction of the hooks. -#}
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


{#- An option is honoured or refused, never ignored. `defaults` are the values that dbt sets if an
    option is left out. -#}
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


{#- Readers see the old rows, then the new rows. DROP without CASCADE keeps the objects that others
    made on the table. If the table has other columns now, the error of Postgres names them. -#}
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
