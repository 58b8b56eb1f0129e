{#- The names of keys in new messages that no field of the login uses: without the key, the login
    stays the same, in every message of a sample. `device.os` is a key in an object. A name may
    itself be personal, such as an address or an id. So only a few names are shown, and only names
    of letters with at most two digits. They are printed before the test, because a test of dbt
    prints only a number. -#}
{% macro unread_keys() -%}
    {%- if not execute or flags.WHICH not in ['build', 'test'] -%} {{ return([]) }} {%- endif -%}
    {%- set name = '[A-Za-z][A-Za-z_]{0,31}[0-9]{0,2}' -%}
    {%- set names = [] -%}
    {%- set others = namespace(number=0) -%}
    {%- for row in run_query(unread_keys_query()) -%}
        {%- set is_name = modules.re.fullmatch(name ~ '([.]' ~ name ~ ')?', row['name']) -%}
        {%- if is_name and names | length < 20 -%}
            {%- do names.append(row['name']) -%}
        {%- else -%}
            {%- set others.number = others.number + 1 -%}
        {%- endif -%}
    {%- endfor -%}
    {%- if others.number -%} {%- do names.append('and-others.' ~ others.number) -%} {%- endif -%}
    {%- if names -%}
        {%- do log('Keys of new messages that nothing reads: ' ~ names | join(', '), info=true) -%}
    {%- endif -%}
    {{ return(names) }}
{%- endmacro %}


{#- Of the newest thousand messages with a user: others are rejected, which has a warning of its
    own. A message whose login is another without its envelope counts as read. -#}
{% macro unread_keys_query() -%}
    {%- set fields = login_fields() | list -%}
    with

    bodies as ({{ newest_bodies() }}),

    logins as (

        select
            bodies.body,
            {{ login_values('bodies.body', fields) }} as login
        from bodies
        where jsonb_typeof(bodies.body) = 'object' and raw.login_of_or_null(bodies.body) is not null

    ),

    paths as (

        select
            logins.body,
            logins.login,
            array[keys.name] as path
        from logins
        cross join lateral jsonb_each(logins.body) as keys (name, value)
        where keys.value <> 'null'
        union all
        select
            logins.body,
            logins.login,
            array[keys.name, nested.name] as path
        from logins
        cross join lateral jsonb_each(logins.body) as keys (name, value)
        cross join lateral jsonb_each(
            case when jsonb_typeof(keys.value) = 'object' then keys.value else '{}' end
        ) as nested (name, value)
        where nested.value <> 'null'

    ),

    unread as (

        select path
        from paths
        group by path
        having bool_and(login is not distinct from {{ login_values('body #- path', fields) }})

    )

    select array_to_string(path, '.') as name
    from unread
    -- An object that nothing reads is one name.
    where cardinality(path) = 1 or path[1:1] not in (select unread.path from unread)
    order by path
{%- endmacro %}


{#- The fields of a login that are read, of a body. -#}
{% macro login_values(body, fields) -%}
    {%- set values = [] -%}
    {%- for field in fields -%}
        {%- do values.append("opened.login ->> '" ~ field ~ "'") -%}
    {%- endfor -%}
    (
        select array[{{ values | join(', ') }}]::text[]
        from (select raw.login_of_or_null({{ body }}) as login offset 0) as opened
    )
{%- endmacro %}


{#- What is in the envelopes of the newest thousand messages that have a user. -#}
{% macro newest_bodies() -%}
    select raw.unwrapped_or_body(sampled.body) as body
    from (
        select messages.body
        from {{ source('raw', 'raw_logins') }} as messages
        where
            messages.body is not null
            and {{ window_read('messages.landed_xid', 'user_logins', 'newest') }}
        order by messages.landed_xid desc
        limit 1000
    ) as sampled
    where raw.login_of_or_null(sampled.body) ->> 'user_id' is not null
    offset 0
{%- endmacro %}
