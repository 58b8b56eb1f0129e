{#- major × 1,000,000 + minor × 1,000 + patch. It keeps the order of versions, and only equal
    versions have equal integers. A missing part is 0. A leading v, a fourth part, `-pre` and
    `+build` (https://semver.org, 9 and 10) do not count. Any other text is null, and so is a
    version that does not fit: the largest integer is 2147483647, so the largest version is
    2146.999.999. The pattern vouches for the casts, which therefore never fail. [0-9], not \d: that
    would also match digits that integer does not read. -#}
{% macro version_to_integer(value) -%}
    {%- set core = "split_part(split_part(ltrim(" ~ trimmed(value) ~ ", 'vV'), '-', 1), '+', 1)" -%}
    {%- set major = '0*(?:[0-9]{1,3}|1[0-9]{3}|20[0-9]{2}|21[0-3][0-9]|214[0-6])' -%}
    {%- set part = '[.]0*[0-9]{1,3}' -%}
    {%- set fourth = '[.][0-9A-Za-z]+' -%}
    {%- set suffix = '(?:-[0-9A-Za-z.-]+)?(?:[+][0-9A-Za-z.-]+)?' -%}
    {%- set three = '[0-9]{1,3}[.][0-9]{1,3}[.][0-9]{1,3}' -%}
    case
        -- The usual form, and the cheapest way to read it.
        when {{ value }} ~ '^{{ three }}$'
            then
                split_part({{ value }}, '.', 1)::integer * 1000000
                + split_part({{ value }}, '.', 2)::integer * 1000
                + split_part({{ value }}, '.', 3)::integer
        when
            {{ trimmed(value) }}
            ~ '^[vV]?{{ major }}(?:{{ part }}(?:{{ part }}(?:{{ fourth }})?)?)?{{ suffix }}$'
            then
                split_part({{ core }}, '.', 1)::integer * 1000000
                + coalesce(nullif(split_part({{ core }}, '.', 2), ''), '0')::integer * 1000
                + coalesce(nullif(split_part({{ core }}, '.', 3), ''), '0')::integer
    end
{%- endmacro %}
