{#- What a build of this model does, decided once, when it is first asked for:

    key_chain  the keys that mask, as vault.key_chain() says it
    published  the keys that the model is published under, or none
    rotated    whether these differ, so that everything is published anew
    purged     whether some raw bodies are gone, so that their masked rows must be kept

    Rows and keys may change while the build waits for another one. So open_landed_window() checks
    the plan again under its lock, and refuses to go on with an outdated one. -#}
{% macro build_plan() -%}
    {%- if not execute -%}
        {%- set parsing = {'key_chain': 'device_id:1 ip:1', 'rotated': false, 'purged': false} -%}
        {{ return(parsing) }}
    {%- endif -%}
    {#- graph is one object for the whole invocation: all models mask with the same keys. -#}
    {%- set plans = graph.setdefault('build_plans', {}) -%}
    {%- if 'key_chain' not in plans -%}
        {%- do plans.update({'key_chain': read_key_chain()}) -%}
    {%- endif -%}
    {%- if model.unique_id not in plans -%}
        {%- set state = run_query(
            'select (select key_chain from ' ~ source('raw', 'model_windows')
            ~ " where model = '" ~ window_name() ~ "'), exists (select from "
            ~ source('raw', 'raw_logins') ~ " where removed = 'purged')"
        ).rows[0] -%}
        {%- do plans.update({
            model.unique_id: {
                'key_chain': plans['key_chain'],
                'published': state[0],
                'rotated': state[0] is not none and state[0] != plans['key_chain'],
                'purged': state[1],
            }
        }) -%}
    {%- endif -%}
    {{ return(plans[model.unique_id]) }}
{%- endmacro %}


{#- dbt's own rule, and one more: a rotated key means that everything is published anew. -#}
{% macro should_full_refresh() -%}
    {%- set wanted = config.get('full_refresh') -%}
    {%- if wanted is none -%}
        {%- set wanted = flags.FULL_REFRESH -%}
    {%- endif -%}
    {%- if execute and not wanted and config.get('materialized') == 'incremental' -%}
        {%- set wanted = build_plan().rotated -%}
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


{#- A published mask under the keys that were added since. -#}
{% macro rekey(mask, domain) -%}
    {%- set plan = build_plan() -%}
    {%- if not plan.published -%}
        {{ exceptions.raise_compiler_error(
            "raw.model_windows does not say with which keys " ~ this ~ " is masked"
        ) }}
    {%- endif -%}
    {%- set published = parse_key_chain(plan.published)[domain] -%}
    {%- set chain = masking_chain(domain) -%}
    {%- if chain[:published | length] != published -%}
        {{ exceptions.raise_compiler_error(
            "Raw values are purged, and the newest key of " ~ domain ~ " is not chained to "
            ~ "the one they are masked with"
        ) }}
    {%- endif -%}
    {{ keyed_hash(mask, domain, chain[published | length:]) }}
{%- endmacro %}
