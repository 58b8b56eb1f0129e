-- A key that nothing reads is a field that was renamed or added.
{{ config(severity='warn') }}

-- depends_on: {{ ref('user_logins') }}
-- depends_on: {{ ref('rejected_logins') }}
-- depends_on: {{ source('raw', 'raw_logins') }}

{%- set names = unread_keys() %}

select unread.name
from (values (null)) as unread (name)
where unread.name is not null
{% for name in names -%}
    union all
    select '{{ name }}' as name
{% endfor %}
