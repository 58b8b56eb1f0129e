-- What a producer sends and nobody sees: a field under a new name, or one more.
{{ config(severity='warn') }}

-- depends_on: {{ ref('user_logins') }}
-- depends_on: {{ ref('rejected_logins') }}
-- depends_on: {{ source('raw', 'raw_logins') }}

{%- set names = unread_keys() %}

select unread.name
from unnest(array[{% for name in names %}'{{ name }}'{{ ', ' if not loop.last }}{% endfor %}]::text[])
    as unread (name)
