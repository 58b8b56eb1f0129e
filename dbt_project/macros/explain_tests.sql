{#- dbt prints the names of the tests that fail or warn. This prints what they mean and what to do,
    which is in their descriptions; of those that fail with --quiet as well. -#}
{% macro explain_tests(results) -%}
    {%- for result in (results if execute else [])
        if result.status in ['fail', 'warn'] and result.node.description -%}
        {%- set explanation = result.node.name ~ ': ' ~ result.node.description | trim -%}
        {%- if result.status == 'fail' -%}
            {%- do print(explanation) -%}
        {%- else -%}
            {%- do log(explanation, info=true) -%}
        {%- endif -%}
    {%- endfor -%}
{%- endmacro %}
