{#- What surrounds a value and means nothing. -#}
{% macro trimmed(value) -%}
    nullif(btrim({{ value }}, E' \t\r\n'), '')
{%- endmacro %}


{% macro canonical_device_id(value) -%}
    lower({{ trimmed(value) }})
{%- endmacro %}


{#- The patterns vouch for what goes into inet, so that it never fails: its error would quote the
    address. (Postgres 15 has no pg_input_is_valid, and an exception block would keep the query
    from running in parallel.) -#}
{% macro canonical_address(value) -%}
    {%- set text = 'lower(' ~ trimmed(value) ~ ')' -%}
    case
        when {{ text }} ~ '^{{ ipv4_pattern(leading_zeros=true) }}$' then host({{ text }}::inet)
        -- ::ffff:192.0.2.1 is 192.0.2.1 (RFC 4291, section 2.5.5.2)
        when {{ text }} ~ '^{{ ipv6_pattern() }}$'
            then regexp_replace(host({{ text }}::inet), '^::ffff:(?=[0-9.]+$)', '')
        else {{ text }}
    end
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
