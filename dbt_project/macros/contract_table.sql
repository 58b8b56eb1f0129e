{#- The types of the contract. A cast to varchar(n) would cut a text that is too long. The function
    behind the cast, with false for "explicit cast", fails instead, as INSERT does. Its type
    modifier is n + 4. -#}
{% macro create_filled_table(relation, sql) -%}
    create table {{ relation }} as
    select
    {% for column in model.columns.values() -%}
        {%- set limit = modules.re.fullmatch('varchar\\((\\d+)\\)', column.data_type) -%}
        {%- if limit -%}
            pg_catalog.varchar({{ column.name }}::varchar, {{ limit[1] }} + 4, false)
        {%- else -%}
            {{ column.name }}
        {%- endif -%}
        ::{{ column.data_type }} as {{ column.name }}{{ ',' if not loop.last }}
    {% endfor -%}
    from ({{ sql }}) as model_subquery
{%- endmacro %}


{#- Inserts directly from the query. A row replaces the row that has the same unique_key. -#}
{% macro insert_rows(relation, sql) -%}
    {%- set names = model.columns.values() | map(attribute='name') | list -%}
    {%- set key = config.get('unique_key', []) -%}
    {%- set key = [key] if key is string else key -%}
    insert into {{ relation }} ({{ names | join(', ') }})
    select {{ names | join(', ') }} from ({{ sql }}) as model_subquery
    {% if key -%}
        on conflict ({{ key | join(', ') }}) do update set
        {% for name in names if name not in key -%}
            {{ name }} = excluded.{{ name }}{{ ',' if not loop.last }}
        {% endfor %}
    {%- endif %}
{%- endmacro %}


{#- In one statement, and so in one pass over the table. -#}
{% macro add_contract_constraints(relation) -%}
    {%- set changes = [] -%}
    {%- for column in model.columns.values() -%}
        {%- for constraint in column.constraints -%}
            {%- if constraint.type == 'not_null' -%}
                {%- do changes.append('alter column ' ~ column.name ~ ' set not null') -%}
            {%- elif constraint.type == 'primary_key' -%}
                {%- do changes.append('add primary key (' ~ column.name ~ ')') -%}
            {%- else -%}
                {%- do exceptions.raise_compiler_error(
                    column.name ~ ': put its ' ~ constraint.type ~ ' under the model'
                ) -%}
            {%- endif -%}
        {%- endfor -%}
    {%- endfor -%}
    {%- set raw_constraints = model.constraints -%}
    {%- for constraint in adapter.render_raw_model_constraints(raw_constraints=raw_constraints) -%}
        {%- do changes.append('add ' ~ constraint) -%}
    {%- endfor -%}
    {%- for check in pseudonym_checks().values() -%}
        {%- do changes.append('add ' ~ check) -%}
    {%- endfor -%}
    {{ 'alter table ' ~ relation ~ ' ' ~ changes | join(', ') if changes else 'null' }}
{%- endmacro %}


{#- on_schema_change is append_new_columns: the contract's, null in the rows that are there. -#}
{% macro add_contract_columns(relation) -%}
    {%- set present = adapter.get_columns_in_relation(relation) | map(attribute='name') | list -%}
    {%- for column in model.columns.values() if column.name not in present -%}
        {%- do run_query(
            'alter table ' ~ relation ~ ' add column ' ~ column.name ~ ' ' ~ column.data_type
        ) -%}
    {%- endfor -%}
{%- endmacro %}
