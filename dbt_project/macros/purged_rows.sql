{#- Of a purged message only the masked row remains. -#}


{#- Whether this build replaces the published table and must copy the rows of purged messages. -#}
{% macro keeps_purged_rows() -%}
    {{ return(
        execute
        and build_plan().state.purged
        and not is_incremental()
        and load_cached_relation(this) is not none
    ) }}
{%- endmacro %}


{#- The published table would be missed. -#}
{% macro refuse_loss_of_history() -%}
    {%- if holds_messages() and build_plan().state.purged and load_cached_relation(this) is none
        and not var('accept_history_loss', false) -%}
        {{ exceptions.raise_compiler_error(
            this.identifier ~ " is gone, and of purged messages its rows were all that was left. "
            ~ "Restore the table, or build with --vars \"accept_history_loss: true\""
        ) }}
    {%- endif -%}
{%- endmacro %}


{#- A published mask, masked again with the keys that were added since. Null if the field was not
    masked when the row was published. -#}
{% macro rekey(published, field) -%}
    {%- set key_chain = build_plan().state.published -%}
    {%- if not key_chain -%}
        {{ exceptions.raise_compiler_error(
            "raw.model_windows does not say with which keys " ~ this ~ " is masked"
        ) }}
    {%- endif -%}
    {%- set chain = masking_chain(field) -%}
    {%- set published_chain = parse_key_chain(key_chain).get(field, []) -%}
    {%- set mask = personal_fields()[field] -%}
    {%- set columns = adapter.get_columns_in_relation(this) | map(attribute='name') -%}
    {%- if not published_chain or mask not in columns -%}
        null
    {%- elif chain[:published_chain | length] != published_chain -%}
        {{ exceptions.raise_compiler_error(
            "Raw values are purged, and the newest key of " ~ field ~ " is not chained to "
            ~ "the one they are masked with"
        ) }}
    {%- else -%}
        {{ keyed_hash(published ~ '.' ~ mask, field, chain[published_chain | length:]) }}
    {%- endif -%}
{%- endmacro %}


{#- Of purged messages the rows that were published stay, and what was masked stays masked. -#}
{% macro require_purged_rows(relation, replaced) -%}
    {%- set columns = adapter.get_columns_in_relation(replaced) | map(attribute='name') | list -%}
    select
        count(*) filter (where new_rows.message_id is null) as dropped,
        count(*) filter (
            where false
            {% for mask in masks_of(model.name).values() if mask in columns %}
                or new_rows.message_id is not null
                and new_rows.{{ mask }} is null and replaced.{{ mask }} is not null
            {% endfor %}
        ) as unmasked,
        0 as plain
    into broken
    from {{ replaced }} as replaced
    inner join {{ source('raw', 'raw_logins') }} as messages
        on replaced.message_id = messages.message_id and messages.removed = 'purged'
    left join {{ relation }} as new_rows on replaced.message_id = new_rows.message_id;
    {{ refuse_broken() }}
{%- endmacro %}
