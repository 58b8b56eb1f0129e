{#- What makes a mask a mask: check constraints, by the list of what is personal. They are the
    second line behind sound_rows.sql, because the error of a constraint quotes the row. -#}


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


{#- By the list of what is personal, and by the names that their constraints have. -#}
{% macro pseudonym_checks() -%}
    {%- set checks = {} -%}
    {%- for mask in masks_of(model.name).values() -%}
        {#- As long as a name may be. -#}
        {%- set name = (mask ~ '_check')[:63] -%}
        {%- do checks.update({
            name: 'constraint ' ~ name ~ ' check (' ~ is_pseudonym(mask) ~ ')'
        }) -%}
    {%- endfor -%}
    {{ return(checks) }}
{%- endmacro %}


{#- A table of an earlier version, or of a shorter list, gets what it lacks, and is read once. -#}
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


{#- The statements, with an error that quotes no row: dbt would print the detail, and keep it.
    `rows` is where the masks are counted that are none. -#}
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
