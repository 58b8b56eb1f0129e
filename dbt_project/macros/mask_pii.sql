{#- The pseudonym: HMAC (RFC 2104) with SHA-256 under the keys of the domain, of which there is
    one unless the key was rotated after a purge. -#}
{% macro mask_pii(value, domain) -%}
    {{ keyed_hash(value, domain, masking_chain(domain)) }}
{%- endmacro %}


{#- The key is read where it is used, inside the query: no compiled SQL, artifact, log or query
    plan ever holds it. hmac() of null is null. convert_to, because ::bytea would read backslashes
    as escapes. -#}
{% macro keyed_hash(value, domain, versions) -%}
    {%- set hashed = namespace(sql=value) -%}
    {%- for version in versions -%}
        {%- set hashed.sql -%}
    encode(
        public.hmac(
            convert_to({{ hashed.sql }}, 'UTF8'),
            (
                select masking_key.secret
                from {{ source('vault', 'masking_key') }} as masking_key
                where masking_key.domain = '{{ domain }}' and masking_key.version = {{ version }}
            ),
            'sha256'
        ),
        'hex'
    )
        {%- endset -%}
    {%- endfor -%}
    {{ hashed.sql }}
{%- endmacro %}
