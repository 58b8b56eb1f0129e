{#- HMAC (RFC 2104) with SHA-256, keyed by the newest key of the domain. The key is read where it
    is used, inside the query: no compiled SQL, artifact, log or query plan ever holds it.
    hmac() of null is null; convert_to, because ::bytea would read backslashes as escapes. -#}
{% macro mask_pii(value, domain) -%}
    encode(
        public.hmac(
            convert_to({{ value }}, 'UTF8'),
            (
                select masking_key.secret
                from {{ source('vault', 'masking_key') }} as masking_key
                where masking_key.domain = '{{ domain }}'
                order by masking_key.version desc
                limit 1
            ),
            'sha256'
        ),
        'hex'
    )
{%- endmacro %}
