{#- Which versions of a domain's key mask, in order: the first hashes the value, each further one
    the mask before it. A key that was added while every raw value was at hand starts anew; one
    added after a purge is chained to its predecessor, because old masks are all that is left.
    Versions are no secret; the keys themselves are never read here. -#}
{% macro masking_chain(domain) -%}
    {%- if not execute -%} {{ return([1]) }} {%- endif -%}
    {%- set chains = parse_key_chain(newest_key_chain()) -%}
    {#- Without versions keyed_hash() would give the plain value. -#}
    {%- if not chains.get(domain) -%}
        {{ exceptions.raise_compiler_error(
            "Nothing is published: there is no masking key of domain '" ~ domain ~ "', but one of: "
            ~ chains | join(', ') ~ ". Correct the name in mask_pii(), or add the key"
        ) }}
    {%- endif -%}
    {{ return(chains[domain]) }}
{%- endmacro %}


{#- As the database says it, `device_id:1 ip:1+2`. Asked for once: graph is one object for the whole
    invocation, and all models mask with the same keys. -#}
{% macro newest_key_chain() -%}
    {%- if 'key_chain' not in graph -%}
        {%- do graph.update({'key_chain': run_query('select vault.key_chain()').rows[0][0]}) -%}
    {%- endif -%}
    {{ return(graph['key_chain']) }}
{%- endmacro %}


{#- {'device_id': [1], 'ip': [1, 2]} for `device_id:1 ip:1+2`. -#}
{% macro parse_key_chain(key_chain) -%}
    {%- set chains = {} -%}
    {%- for part in key_chain.split(' ') -%}
        {%- set domain, versions = part.split(':') -%}
        {%- do chains.update({domain: versions.split('+') | map('int') | list}) -%}
    {%- endfor -%}
    {{ return(chains) }}
{%- endmacro %}


{#- Without its key hmac() would quietly give null for everything. -#}
{% macro require_masking_keys() -%}
    {%- if execute -%}
        {#- What an older `init` did not make counts as not there. -#}
        {%- set installed = run_query(
            "select num_nulls(to_regnamespace('vault'), to_regprocedure('raw.finished_before()')) = 0"
        ).rows[0][0] -%}
        {%- if not installed or parse_key_chain(newest_key_chain() or ':') | length < 2 -%}
            {{ exceptions.raise_compiler_error(
                "The database is not ready, or a masking key is missing: run `python -m vault init`"
            ) }}
        {%- endif -%}
    {%- endif -%}
{%- endmacro %}
