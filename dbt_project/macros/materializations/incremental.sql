{#- dbt's incremental materialization puts new rows into a temporary table first, and makes a table
    with its constraints and then fills it. This one writes each row once:

    later builds   insert straight from the query. Of 10,000 rows that saves 5 % of the time, and
                   for every build the churn of the catalogue.
    made anew      CREATE TABLE AS, which unlike INSERT may run in parallel; then constraints and
                   indexes, which are cheaper made at once than kept up. A million rows on four
                   cores: 7 s, not 16.

    Nothing is published that breaks a promise (fail_closed.sql).

    The contract holds as before: the query has its columns and types, lengths are checked and not
    cut to, constraints are added before anybody sees the table. All happens in the transaction of
    the hooks, and a table made anew takes the place of the old one at its end. -#}
{% materialization incremental, adapter='postgres' %}

    {%- set existing = load_cached_relation(this) -%}
    {%- set target_relation = this.incorporate(type='table') -%}
    {%- set is_made_anew = existing is none or existing.is_view or should_full_refresh() -%}

    {{ run_hooks(pre_hooks, inside_transaction=False) }}
    {{ run_hooks(pre_hooks, inside_transaction=True) }}

    {%- set is_distributed = is_on_cluster() and holds_messages() -%}
    {%- if is_distributed -%} {%- set sql = on_cluster('query_of')(sql) -%} {%- endif -%}
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
        {%- if existing is not none -%}
            {%- do adapter.drop_relation(existing) -%}
            {%- do adapter.rename_relation(made, target_relation) -%}
        {%- endif -%}
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
