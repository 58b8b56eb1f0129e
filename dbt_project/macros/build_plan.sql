{#- What a build of this model does, decided once, when it is first asked for:

    state      what the decision rests on, in one text
    key_chain  the keys that mask, as vault.key_chain() says it
    published  the keys that the model is published under, or none
    outdated   whether everything is published anew: the keys have changed, logins have no date, or
               the model follows one that was made anew, or that people were erased from
    purged     whether some raw bodies are gone, so that their masked rows must be kept

    All of it may change while the build waits for another one. So open_landed_window() checks the
    state again under its lock, and refuses to go on with an outdated plan. -#}
{% macro build_plan() -%}
    {%- if not execute -%}
        {{ return({'outdated': false, 'purged': false}) }}
    {%- endif -%}
    {%- set plans = graph.setdefault('build_plans', {}) -%}
    {%- if model.unique_id not in plans -%}
        {%- set state = run_query(build_state()).rows[0][0] -%}
        {%- set published, made, made_followed, purged, undated = state.split('|')[1:] -%}
        {%- set key_chain = newest_key_chain() -%}
        {%- set is_follower = window_name() != followed_window_name() -%}
        {%- do plans.update({
            model.unique_id: {
                'state': [key_chain, published, made, made_followed, purged, undated] | join('|'),
                'key_chain': key_chain,
                'published': published,
                'outdated': made != made_followed if is_follower
                    else published != '' and (published != key_chain or undated == 't'),
                'purged': purged == 't',
            }
        }) -%}
    {%- endif -%}
    {{ return(plans[model.unique_id]) }}
{%- endmacro %}


{#- The query of the state: the newest keys, those that the model is published under, when it and
    the model that it follows were made anew, whether raw bodies were purged, and whether logins have
    no create_date, as versions before 2.0.0 left it where the time of sending is unknown. -#}
{% macro build_state() -%}
    {%- set windows = source('raw', 'model_windows') -%}
    select
        format(
            '%s|%s|%s|%s|%s|%s',
            vault.key_chain(), own.key_chain, coalesce(own.made_xid, '0'),
            coalesce(followed.made_xid, '0'),
            exists (select 1 from {{ source('raw', 'raw_logins') }} where removed = 'purged'),
            {{ holds_undated_logins() }}
        )
    from (values (1)) as always (row)
    left join {{ windows }} as own on own.model = '{{ window_name() }}'
    left join {{ windows }} as followed on followed.model = '{{ followed_window_name() }}'
{%- endmacro %}


{#- By the index of create_date, where the column may be null. Else the table is not read: a build
    that holds a lock on it while it waits for its window would deadlock with one that replaces it. -#}
{% macro holds_undated_logins() -%}
    {%- set may_be_null = execute and model.name == 'user_logins' and run_query(
        "select exists (select from pg_attribute where attname = 'create_date' and not attnotnull"
        ~ " and attrelid = to_regclass('" ~ this.include(database=false) ~ "'))"
    ).rows[0][0] -%}
    {%- if may_be_null -%}
        exists (select 1 from {{ this }} where create_date is null)
    {%- else -%}
        false
    {%- endif -%}
{%- endmacro %}


{#- dbt's own rule, and one more: what is outdated is made anew. -#}
{% macro should_full_refresh() -%}
    {%- set wanted = config.get('full_refresh') -%}
    {%- if wanted is none -%}
        {%- set wanted = flags.FULL_REFRESH -%}
    {%- endif -%}
    {%- if execute and not wanted and config.get('materialized') == 'incremental' -%}
        {%- set wanted = build_plan().outdated -%}
    {%- endif -%}
    {{ return(wanted) }}
{%- endmacro %}


{#- Whether this build has to take rows over from the published table: it makes the table anew,
    and of some messages only the masked row is left. -#}
{% macro keeps_purged_rows() -%}
    {{ return(
        execute
        and build_plan().purged
        and not is_incremental()
        and load_relation(this) is not none
    ) }}
{%- endmacro %}


{#- Whether the model has rows of single messages, of which purged ones are all that is left. -#}
{% macro holds_messages() -%}
    {{ return('message_id' in model.columns) }}
{%- endmacro %}


{#- A published mask under the keys that were added since. It is null where the field was not masked
    when the row was published. -#}
{% macro rekey(published, field) -%}
    {%- set plan = build_plan() -%}
    {%- if not plan.published -%}
        {{ exceptions.raise_compiler_error(
            "raw.model_windows does not say with which keys " ~ this ~ " is masked"
        ) }}
    {%- endif -%}
    {%- set chain = masking_chain(field) -%}
    {%- set published_chain = parse_key_chain(plan.published).get(field, []) -%}
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
