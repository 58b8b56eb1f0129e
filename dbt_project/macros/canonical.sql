{#- What surrounds a value and means nothing: white space as Unicode defines it, zero-width
    characters, direction marks and the byte order mark. The escapes are those of E'' strings, and
    of regular expressions within brackets. -#}
{% macro blanks() -%}
    \t\n\u000b\f\r\u0020\u0085\u00a0\u1680\u2000\u2001\u2002\u2003\u2004\u2005\u2006\u2007\u2008
    {#- -#}
    \u2009\u200a\u200b\u200c\u200d\u200e\u200f\u2028\u2029\u202f\u205f\u2060\u3000\ufeff
{%- endmacro %}


{% macro trimmed(value) -%}
    nullif(btrim({{ value }}, E'{{ blanks() }}'), '')
{%- endmacro %}


{#- Equal texts are equal: NFC (UAX 15), and the letters of ASCII in lower case. The collation "C"
    folds these alone; without it lower() follows the locale of the database, in Turkish `ID` is
    not `id`, and a mask would depend on where it was made. The second NFC is for letters that
    compose in lower case only (U+1E96). -#}
{% macro folded(value) -%}
    normalize(lower(normalize({{ trimmed(value) }}) collate "C"))
{%- endmacro %}


{#- Words that stand for nothing: one mask for all of them would say that their users share it. -#}
{% macro words_for_nothing() -%}
    unknown|-+|null|none|undefined|n/a
{%- endmacro %}


{#- Of any other text, such as an e-mail address: equal texts are equal, and a word for nothing is
    null. Like every canonical form it never raises an error, which would quote the value. -#}
{% macro canonical_text(value) -%}
    nullif(
        regexp_replace({{ folded(value) }}, '^(?:{{ words_for_nothing() }})$', ''), ''
    )
{%- endmacro %}


{#- A device id is opaque, so nothing in it is taken apart. Most ids are printable ASCII with a
    digit from 1 to 9: that is cheap to see, and none of them stands for nothing. The others are
    null if they are such a word, or if all digits are 0 or all are f (the nil and max UUID, RFC
    9562, sections 5.9 and 5.10, with or without dashes, colons, braces and quotes). -#}
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


{#- The patterns vouch for what goes into inet, so that it never fails: its error would quote the
    address. (Postgres 15 has no pg_input_is_valid, and an exception block would keep the query
    from running in parallel.) The usual spellings come first, by patterns that are cheap; that no
    0 and no colon leads leaves `0.0.0.0`, `::` and mapped IPv4 to the last branch. -#}
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


{#- Of a list (X-Forwarded-For) the first, which is the client; the others are proxies. Null are
    the unspecified addresses `0.0.0.0` and `::`, which no host has (RFC 1122, section 3.2.1.3; RFC
    4291, section 2.5.2), and words for nothing, also at the head of a list. Any other text is
    itself. -#}
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


{#- What may be an address, each form with one capture, and what does not count around it: a port,
    a network of this one address, a zone (RFC 4007, section 11), brackets (RFC 3986, section
    3.2.2), a dot at the end. Without brackets IPv6 has a port only after a tail of IPv4. -#}
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


{#- Four octets in decimal. Alone, `010` is 10; inet reads no such zeros in the tail of IPv6. -#}
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
