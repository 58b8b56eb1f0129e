{#- A build that breaks one of these rules publishes nothing, because the check runs in its
    transaction. The error names the model, the rule and the number of rows, never a value. -#}


{#- What the error says, and what to do. -#}
{% macro refuse(count, problem) -%}
    if {{ count }} > 0 then
        raise exception using
            message = format(
                'Nothing is published: %s rows of {{ model.name }} {{ problem }}', {{ count }}
            ),
            hint = 'undo the last change of the masking keys, raw.login_of, stg_logins.sql, '
                '{{ model.name }}.sql or their macros, and build again';
    end if;
{%- endmacro %}


{#- Counts the messages of the window that break a rule. `messages` is a query of their login, null
    or not, and of the array of their masks, null if they have no row. EXECUTE, because SELECT INTO
    does not run in parallel. -#}
{% macro require_sound(messages, with='') -%}
    {%- set masks = masks_of(model.name) -%}
    {%- set is_rejection = 'rejection_reason' in model.columns -%}
    {%- set sent = {} -%}
    {%- for field in masks -%}
        {%- do sent.update({
            field: canonical(login_fields()[field], "(login ->> '" ~ field ~ "')")
        }) -%}
    {%- endfor -%}
    execute $check$
    {{ with }}
    select
        count(*) filter (
            where masks is null
            and {{ rejection_reason('login', login_fields()) }}
                is {{ 'not null' if is_rejection else 'null' }}
        ) as dropped,
        count(*) filter (
            where false
            {% for field in masks %}
                or masks[{{ loop.index }}] is null and masks is not null
                and {{ sent[field] }} is not null
            {% endfor %}
        ) as unmasked,
        count(*) filter (
            where false
            {% for field in masks %}
                or length(login ->> '{{ field }}') >= 64
                and masks[{{ loop.index }}] in (
                    login ->> '{{ field }}',
                    {{ sent[field] }}
                )
            {% endfor %}
        ) as plain
    from ({{ messages }}) as new_messages
    $check$ into broken;
    {{ refuse_broken() }}
{%- endmacro %}


{% macro refuse_broken() -%}
    {{ refuse('broken.dropped', 'are missing (rule nothing is dropped)') }}
    {{ refuse('broken.unmasked', 'have no mask, and a value was sent (rule masked where sent)') }}
    {{ refuse('broken.plain', 'have the plain value for a mask (rule masked)') }}
{%- endmacro %}


{#- The array of the masks, text for text. -#}
{% macro array_of_masks() -%}
    array[{{ masks_of(model.name).values() | join(', ') or "''" }}]::text[]
{%- endmacro %}


{#- Inserts the rows of a later build and checks the inserted rows from RETURNING. To look them up
    again would take as long as to mask them. Not on a cluster: shards return no rows to join. -#}
{% macro insert_sound_rows(relation, sql) -%}
    {%- if not holds_messages() or is_on_cluster() -%}
        {{ without_detail(insert_rows(relation, sql) ~ ';', '(' ~ sql ~ ')') }}
    {%- else -%}
        {%- set with -%}
            with

            published as (

                {{ insert_rows(relation, sql) }}
                returning
                    message_id,
                    {{ array_of_masks() }} as masks

            )
        {%- endset -%}
        {{ without_detail(require_sound(joined_messages('published'), with), '(' ~ sql ~ ')') }}
    {%- endif -%}
{%- endmacro %}


{% macro joined_messages(published) -%}
    select
        opened.login,
        published.masks
    from {{ source('raw', 'raw_logins') }} as messages
    cross join lateral raw.login_of(messages.body) as opened (login)
    left join {{ published }} as published on messages.message_id = published.message_id
    where
        messages.body is not null
        and {{ landed_window('messages.landed_xid') }}
{%- endmacro %}


{#- For a new table, or one on a cluster, before it is published. Rejections are few and are joined.
    Of the logins, only the messages that may break a rule are looked up. -#}
{% macro require_sound_table(relation, replaced) -%}
    {%- set is_rejection = 'rejection_reason' in model.columns -%}
    {%- set masks = array_of_masks() -%}
    {%- set rows = '(select message_id, ' ~ masks ~ ' as masks from ' ~ relation ~ ')' -%}
    {%- set statements -%}
        {% if is_rejection and not is_incremental() %}
            {{ require_sound(joined_messages(rows)) }}
        {% elif is_incremental() or is_on_cluster() or holds_other_messages(relation) %}
            {{ require_sound(looked_up_messages(relation)) }}
        {% endif %}
        {% if replaced is not none and keeps_purged_rows() %}
            {{ require_purged_rows(relation, replaced) }}
        {% endif %}
    {%- endset -%}
    {%- do run_query(without_detail(
        on_cluster('query_of')(statements) if is_on_cluster() else statements, relation
    )) -%}
{%- endmacro %}


{#- OFFSET 0 and the scalar subquery force a look-up of each message, whatever number of messages
    the planner expects. In a new table, these are the messages that rows_to_look_at() finds. -#}
{% macro looked_up_messages(relation) -%}
    select
        opened.login,
        (
            select {{ array_of_masks() }}
            from {{ relation }} as published
            where published.message_id = messages.message_id
        ) as masks
    from {{ source('raw', 'raw_logins') }} as messages
    cross join lateral raw.login_of(messages.body) as opened (login)
    where
        messages.body is not null
        {% if not is_incremental() %}
            and messages.message_id in ({{ rows_to_look_at(relation, masks_of(model.name)) }})
        {% endif %}
        and {{ landed_window('messages.landed_xid') }}
    offset 0
{%- endmacro %}


{#- Whether a new table differs from the window: other messages, or a mask missing for a value. If
    no message was rejected, the two are equal. This is the cheapest check, because it reads both
    once and does not join them. -#}
{% macro holds_other_messages(relation) -%}
    {%- set masks = masks_of(model.name) -%}
    {{ return(run_query(
        'select (select row(count(*), bit_xor(hashtextextended(message_id, without_value)),'
        ~ ' bool_or(is_long)) from (' ~ messages_of_window(masks) ~ ') as messages)'
        ~ ' is distinct from (select row(count(*), bit_xor(hashtextextended(message_id, '
        ~ which_are_null(masks.values()) ~ ')), case when count(*) > 0 then false end) from '
        ~ relation ~ ')'
    ).rows[0][0]) }}
{%- endmacro %}


{#- Messages without a row, those with a mask and no value or a value and no mask, and those with a
    value as long as a mask. By one join, which runs in parallel, of few bytes: Postgres does not
    merge a subquery with a WITH of its own into its parent, which would carry the bodies and the
    masks along. -#}
{% macro rows_to_look_at(relation, masks) -%}
    select messages.message_id
    from ({{ messages_of_window(masks) }}) as messages
    left join (
        with

        new_rows as (select * from {{ relation }})

        select
            message_id,
            {{ which_are_null(masks.values()) }} as without_mask
        from new_rows
    ) as published on messages.message_id = published.message_id
    where
        published.message_id is null
        or published.without_mask <> messages.without_value
        or messages.is_long
{%- endmacro %}


{#- Which fields of each message have no value, and whether one is as long as a mask. -#}
{% macro messages_of_window(masks) -%}
    {%- set values = [] -%}
    {%- for field in masks -%}
        {%- do values.append("opened.login ->> '" ~ field ~ "'") -%}
    {%- endfor -%}
    with

    window_rows as (

        select *
        from {{ source('raw', 'raw_logins') }} as raw_logins
        where
            raw_logins.body is not null
            and {{ landed_window('raw_logins.landed_xid') }}

    )

    select
        window_rows.message_id,
        {{ which_are_null(values) }} as without_value,
        false {% for value in values %} or length({{ value }}) >= 64 {% endfor %} as is_long
    from window_rows
    cross join lateral raw.login_of(window_rows.body) as opened (login)
{%- endmacro %}


{#- One number that says which of the values are null. -#}
{% macro which_are_null(values) -%}
    0
    {%- for value in values %} + case when {{ value }} is null then {{ 2 ** loop.index0 }} else 0 end
    {%- endfor -%}
{%- endmacro %}
