{#- vault.personal_field says which fields are masked. It is the list of
    vault/schema/personal_fields.sql. -#}


{#- {'ip': 'masked_ip'}: the personal fields and their masks. Empty while dbt parses. -#}
{% macro personal_fields() -%}
    {{ return(asked_once().personal_fields if execute else {}) }}
{%- endmacro %}


{#- The same, but only the masks that are columns of the model. -#}
{% macro masks_of(model_name) -%}
    {%- set masks = {} -%}
    {%- if execute -%}
        {%- set node = graph.nodes['model.' ~ project_name ~ '.' ~ model_name] -%}
        {%- for field, mask in personal_fields().items() if mask in node.columns -%}
            {%- do masks.update({field: mask}) -%}
        {%- endfor -%}
    {%- endif -%}
    {{ return(masks) }}
{%- endmacro %}


{#- The versions of a field's key that mask, in order. The first version hashes the value, and each
    further version hashes the mask before it. A key that is added while no message is purged
    replaces the keys before it. A key that is added after a purge is chained to the key before it,
    because only the masks of purged messages remain. Versions are not secret, and this macro never
    reads a key. -#}
{% macro masking_chain(field) -%}
    {%- if not execute -%} {{ return([1]) }} {%- endif -%}
    {#- Without versions keyed_hash() would give the plain value. -#}
    {%- if field not in personal_fields() -%}
        {{ exceptions.raise_compiler_error(
            "Nothing is published: mask_pii() masks '" ~ field ~ "', which is not in the list of "
            ~ "personal fields (" ~ personal_fields() | join(', ') ~ "). Correct the name, or add it "
            ~ "to vault/schema/personal_fields.sql and run `python -m vault init`"
        ) }}
    {%- endif -%}
    {%- set chain = parse_key_chain(asked_once().key_chain).get(field) -%}
    {%- if not chain -%}
        {{ exceptions.raise_compiler_error(
            "Nothing is published: '" ~ field ~ "' has no masking key. Run `python -m vault init`"
        ) }}
    {%- endif -%}
    {{ return(chain) }}
{%- endmacro %}


{#- {'device_id': [1], 'ip': [1, 2]} for `device_id:1 ip:1+2`. -#}
{% macro parse_key_chain(key_chain) -%}
    {%- set chains = {} -%}
    {%- for part in key_chain.split(' ') if part -%}
        {%- set field, versions = part.split(':') -%}
        {%- do chains.update({field: versions.split('+') | map('int') | list}) -%}
    {%- endfor -%}
    {{ return(chains) }}
{%- endmacro %}


{#- hmac() without a key returns null, without an error. -#}
{% macro require_masking_keys() -%}
    {%- if execute -%}
        {%- set asked = asked_once() -%}
        {%- set chains = parse_key_chain(asked.key_chain) -%}
        {%- if not asked.is_installed or personal_fields() | reject('in', chains) | list -%}
            {{ exceptions.raise_compiler_error(
                "The database is not ready, or a masking key is missing: run `python -m vault init`"
            ) }}
        {%- endif -%}
        {%- for field in masks_of('user_logins') if not login_fields().get(field, {}).canonical -%}
            {{ exceptions.raise_compiler_error(
                "Nothing is published: user_logins has a mask of '" ~ field ~ "', and the list in "
                ~ "stg_logins.sql has no canonical form of it"
            ) }}
        {%- endfor -%}
        {%- do refuse_plain_columns() -%}
    {%- endif -%}
{%- endmacro %}


{#- A column with the name of a personal field would hold the plain value. -#}
{% macro refuse_plain_columns() -%}
    {%- for node in graph.nodes.values() if node.resource_type == 'model' -%}
        {%- for name in node.columns if name | lower in personal_fields() -%}
            {{ exceptions.raise_compiler_error(
                "Nothing is published: the column " ~ name ~ " of " ~ node.name ~ " has the name of a "
                ~ "personal field. Publish " ~ personal_fields()[name | lower] ~ " instead"
            ) }}
        {%- endfor -%}
    {%- endfor -%}
{%- endmacro %}
