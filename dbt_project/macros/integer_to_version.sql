{#- The display form of an integer that version_to_integer() gave: 2.3.0 for 2003000. -#}
{% macro integer_to_version(value) -%}
    concat_ws('.', {{ value }} / 1000000, {{ value }} / 1000 % 1000, {{ value }} % 1000)
{%- endmacro %}
