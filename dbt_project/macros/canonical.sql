{#- Characters that are removed around a value: Unicode white space, zero-width characters,
    direction marks and the byte order mark. The escapes work in E'' strings, and in brackets of
    regular expressions. -#}
{% macro blanks() -%}
    \t\n\u000b\f\r\u0020\u0085\u00a0\u1680\u2000\u2001\u2002\u2003\u2004\u2005\u2006\u2007\u2008
    {#- -#}
    \u2009\u200a\u200b\u200c\u200d\u200e\u200f\u2028\u2029\u202f\u205f\u2060\u3000\ufeff
{%- endmacro %}


{% macro trimmed(value) -%}
    nullif(btrim({{ value }}, E'{{ blanks() }}'), '')
{%- endmacro %}


{#- Unicode form NFC (UAX 15), with ASCII letters in lower case. The collation "C" folds only these.
    Without it, lower() follows the locale of the database: in Turkish, `ID` does not become `id`. A
    mask would then depend on the server. The second NFC is for letters that compose only in lower
    case (U+1E96). -#}
{% macro folded(value) -%}
    normalize(lower(normalize({{ trimmed(value) }}) collate "C"))
{%- endmacro %}


{#- Words that senders write instead of a missing value. If they had a mask, all their users would
    seem to share a value. -#}
{% macro words_for_nothing() -%}
    unknown|-+|null|none|undefined|n/a
{%- endmacro %}


{#- For any other text, such as an e-mail address. Like every canonical form, it never raises an
    error, because the error would quote the value. -#}
{% macro canonical_text(value) -%}
    nullif(
        regexp_replace({{ folded(value) }}, '^(?:{{ words_for_nothing() }})$', ''), ''
    )
{%- endmacro %}


{#- A device id is opaque, so its parts have no meaning here. Most ids are printable ASCII with a
    digit from 1 to 9. This is a cheap check, and such an id is always a value. The others are null
    if they are a word for a missing value, or if all digits are 0 or all are f (the nil and max
    UUID, RFC 9562, sections 5.9 and 5.10, with or without dashes, colons, braces and quotes). -#}
{% macro canonical_device_id(value) -%}
    {%- set nothing = words_for_nothing() ~ '|0[0:-]*|f[f:-]*' -%}
    case
        when {{ value }} ~ '^[!-~]*[1-9][!-~]*$' then lower({{ value }} collate "C")
        else
            nullif(
                regexp_replace(
                    {{ folded(value) }}, '^["''{(]*(?:{{ nothing }})[)}"'']*$', ''
                ),
                ''
            )
    end
{%- endmacro %}


{#- The patterns make sure that the cast to inet never fails, because its error would quote the
    address. (Postgres 15 has no pg_input_is_valid, and an exception block would keep the query from
    running in parallel.) The usual spellings come first, with cheap patterns. These accept no
    leading 0 and no leading colon, so that `0.0.0.0`, `::` and mapped IPv4 reach the last branch.
    -#}
{% macro canonical_address(value) -%}
    {%- set group = '[0-9A-Fa-f]{1,4}' -%}
    {%- set groups = '[1-9A-Fa-f][0-9A-Fa-f]{0,3}(?::' ~ group ~ ')' -%}
    {%- set ipv4 = '(?!0)' ~ ipv4_pattern(leading_zeros=false) -%}
    case
        when {{ value }} ~ '^{{ ipv4 }}$' then {{ value }}
        when
            {{ value }} ~ '^{{ groups }}*::(?:{{ group }}(?::{{ group }})*)?$'
            and {{ value }} !~ '^(?:[^:]+:+){7}[^:]'
            then host({{ value }}::inet)
        when {{ value }} ~ '^{{ groups }}{7}$' then host({{ value }}::inet)
        when {{ value }} ~ '^{{ ipv4 }}(?::[0-9]{1,5})?(?:,.*)?$'
            then split_part(split_part({{ value }}, ',', 1), ':', 1)
        else {{ unusual_address(value) }}
    end
{%- endmacro %}


{#- In a list (X-Forwarded-For) the first address is the client, and the others are proxies. Null
    for the unspecified addresses `0.0.0.0` and `::`, which no host has (RFC 1122, section 3.2.1.3;
    RFC 4291, section 2.5.2), and for words for a missing value, also at the head of a list. Any
    other text stays as it is. -#}
{% macro unusual_address(value) -%}
    {%- set blanks_and_quotes = blanks() ~ '"\'\'' -%}
    {%- set text = 'btrim(' ~ folded(value) ~ ", E'" ~ blanks_and_quotes ~ ",')" -%}
    {%- set others = '[' ~ blanks_and_quotes ~ ']*,.*' -%}
    {%- set first = 'regexp_replace(' ~ text ~ ", '" ~ others ~ "$', '')" -%}
    {%- set is_address = '^(?:' ~ ipv4_pattern(leading_zeros=true) ~ '|' ~ ipv6_pattern() ~ ')$' -%}
    {%- set nothing = '0[.]0[.]0[.]0|::|(?:' ~ words_for_nothing() ~ ')(?:' ~ others ~ ')?' -%}
    nullif(
        regexp_replace(
            coalesce(
                -- ::ffff:192.0.2.1 is 192.0.2.1 (RFC 4291, section 2.5.5.2)
                regexp_replace(
                    host(
                        substring(
                            regexp_replace({{ first }}, '{{ address_pattern() }}', '\1\2\3\4')
                            from '{{ is_address }}'
                        )::inet
                    ),
                    '^::ffff:(?=[0-9.]+$)',
                    ''
                ),
                {{ text }}
            ),
            '^(?:{{ nothing }})$',
            ''
        ),
        ''
    )
{%- endmacro %}


{#- Possible forms of an address, each with one capture, and the parts around it that are dropped: a
    port, the prefix length of a single address, a zone (RFC 4007, section 11), brackets (RFC 3986,
    section 3.2.2), a dot at the end. Without brackets, IPv6 has a port only after a tail of IPv4.
    -#}
{% macro address_pattern() -%}
    {%- set port = ':[0-9]{1,5}' -%}
    {%- set zone = '(?:%[^]%/]+)?' -%}
    {%- set forms = [
        '([0-9.]*[0-9])[.]?(?:' ~ port ~ '|/32)?',
        '([0-9a-f]*:[0-9a-f:]+(?:[.][0-9.]*[0-9])?)' ~ zone ~ '(?:/128)?[.]?',
        '([0-9a-f]*:[0-9a-f:]+[.][0-9.]*[0-9])[.]?' ~ port,
        '\[([0-9a-f:.]+)' ~ zone ~ '\](?:' ~ port ~ '|/128)?[.]?',
    ] -%}
    ^(?:{{ forms | join('|') }})$
{%- endmacro %}


{#- Four decimal octets. In plain IPv4, `010` is 10. In the tail of IPv6, inet rejects such zeros.
    -#}
{% macro ipv4_pattern(leading_zeros) -%}
    {%- set hundreds = '[01]?[0-9]{1,2}' if leading_zeros else '1[0-9]{2}|[1-9]?[0-9]' -%}
    {%- set octet = '(?:25[0-5]|2[0-4][0-9]|' ~ hundreds ~ ')' -%}
    (?:{{ octet }}[.]){3}{{ octet }}
{%- endmacro %}


{#- RFC 4291, section 2.2: eight groups, or up to seven and one "::"; an IPv4 address may stand for
    the last two. Nothing is captured: captures make a match some ten times slower. -#}
{% macro ipv6_pattern() -%}
    {%- set group = '[0-9a-f]{1,4}' -%}
    {%- set ipv4 = ipv4_pattern(leading_zeros=false) -%}
    {%- set full = '(?:' ~ group ~ ':){6}(?:' ~ group ~ ':' ~ group ~ '|' ~ ipv4 ~ ')' -%}
    {%- set eight_groups = ':*(?:[0-9a-f]+:+){7}[0-9a-f]' -%}
    {%- set six_groups_and_ipv4 = ':*(?:[0-9a-f]+:+){6}[0-9]+[.]' -%}
    {%- set left = '(?:' ~ group ~ '(?::' ~ group ~ ')*)?' -%}
    {%- set right = '(?:(?:' ~ group ~ ':)*(?:' ~ group ~ '|' ~ ipv4 ~ '))?' -%}
    (?:{{ full }}|(?!{{ eight_groups }})(?!{{ six_groups_and_ipv4 }}){{ left }}::{{ right }})
{%- endmacro %}
