{#- The mask of a value: HMAC-SHA-256 (RFC 2104) under the keys of the field. It is one key, unless
    the key was rotated after a purge. -#}
{% macro mask_pii(value, field) -%}
    {{ keyed_hash(value, field, masking_chain(field)) }}
{%- endmacro %}


{#- The query itself reads the key, so no compiled SQL, artifact, log or query plan ever holds it.
    hmac() of null is null. convert_to, because ::bytea would read backslashes as escapes. Without a
    key, hmac() is also null; then the mask is a text that no table accepts. -#}
{% macro keyed_hash(value, field, versions) -%}
    {%- set keys = source('vault', 'masking_key') -%}
    {%- set hashed = namespace(sql=value) -%}
    {%- for version in versions -%}
        {%- set hashed.sql -%}
    encode(
        crypto.hmac(
            convert_to({{ hashed.sql }}, 'UTF8'),
            (
                select masking_key.secret
                from {{ keys }} as masking_key
                where masking_key.domain = '{{ field }}' and masking_key.version = {{ version }}
            ),
            'sha256'
        ),
        'hex'
    )
        {%- endset -%}
    {%- endfor -%}
    {%- if versions -%}
        coalesce(
            {{ hashed.sql }},
            (
                select 'no masking key'
                from {{ keys }} as masking_key
                where
                    masking_key.domain = '{{ field }}'
                    and masking_key.version in ({{ versions | join(', ') }})
                having count(*) < {{ versions | length }}
            )
        )
    {%- else -%}
        {{ hashed.sql }}
    {%- endif -%}
{%- endmacro %}
