{#- Check constraints on masks, from the list of personal fields. sound_rows.sql checks first,
    because the error of a constraint quotes the row. -#}


{#- Null passes. `~ '^[0-9a-f]{64}$'` is the same, and takes twelve times as long: for each value
    Postgres makes the states of the repetition again. -#}
{% macro is_pseudonym(mask) -%}
    ({{ mask }} is null or length({{ mask }}) = 64 and {{ mask }} collate "C" !~ '[^0-9a-f]')
{%- endmacro %}


{% macro are_pseudonyms(masks) -%}
    {%- set conditions = [] -%}
    {%- for mask in masks -%} {%- do conditions.append(is_pseudonym(mask)) -%} {%- endfor -%}
    {{ conditions | join(' and ') or 'true' }}
{%- endmacro %}


{#- The constraints by their names. -#}
{% macro pseudonym_checks() -%}
    {%- set checks = {} -%}
    {%- for mask in masks_of(model.name).values() -%}
        {#- Postgres allows 63 bytes. -#}
        {%- set name = (mask ~ '_check')[:63] -%}
        {%- do checks.update({
            name: 'constraint ' ~ name ~ ' check (' ~ is_pseudonym(mask) ~ ')'
        }) -%}
    {%- endfor -%}
    {{ return(checks) }}
{%- endmacro %}


{#- Adds missing constraints to a table of an earlier version or of a shorter list. Reads it once.
    -#}
{% macro add_pseudonym_checks(relation) -%}
    {%- set checks = pseudonym_checks() -%}
    {%- if checks -%}
        {%- set present = run_query(
            "select conname from pg_constraint where contype = 'c' and conrelid = '"
            ~ relation.include(database=false) ~ "'::regclass"
        ).columns[0].values() -%}
        {%- set missing = [] -%}
        {%- for name, check in checks.items() if name not in present -%}
            {%- do missing.append('add ' ~ check) -%}
        {%- endfor -%}
        {%- if missing -%}
            {%- do run_query(without_detail(
                'alter table ' ~ relation ~ ' ' ~ missing | join(', ') ~ ';', relation
            )) -%}
        {%- endif -%}
    {%- endif -%}
{%- endmacro %}


{#- Runs statements so that their error quotes no row: dbt would print the detail of the error, and
    keep it in a file. `rows` are the rows in which wrong masks are counted. -#}
{% macro without_detail(statements, rows) -%}
    {%- set masks = masks_of(model.name).values() -%}
    do $build$
    declare
        code text;
        problem text;
        wrong bigint;
        broken record;
    begin
        {{ statements }}
    exception
        when integrity_constraint_violation then
            get stacked diagnostics code = returned_sqlstate, problem = message_text;
            select count(*) into wrong from {{ rows }} as checked_rows
            where not ({{ are_pseudonyms(masks) }});
            {{ refuse('wrong', 'have a mask that is none (rule masked)') }}
            raise exception using errcode = code, message = problem;
    end
    $build$
{%- endmacro %}
