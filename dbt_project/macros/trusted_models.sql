{#- A build runs code that login_transformer can put into the models: triggers, defaults, views in
    their place. `set role` does not protect the session, because code can reset it. So a session
    with more rights builds only if no other login has login_transformer, as on a first try. -#}
{% macro require_trusted_models() -%}
    {%- if execute -%}
        {%- set reason = run_query(why_not_trusted()).rows[0][0] -%}
        {%- if reason -%}
            {{ exceptions.raise_compiler_error(
                "Nothing is built with the rights of an administrator, because " ~ reason ~ ": log in as "
                ~ "a member of login_transformer and of nothing else"
            ) }}
        {%- endif -%}
    {%- endif -%}
{%- endmacro %}


{#- Why this session must not run what login_transformer has made, or null. The report asks the
    same query (report/figures.py). A function of the database would be login_owner's code. -#}
{% macro why_not_trusted() -%}
with

-- With more rights than the models need. It can take them back at any time, and so can code that
-- it runs.
privileged as (

    select
        r.oid as role_id,
        r.rolsuper as is_superuser
    from pg_roles as r
    left join pg_roles as owner on owner.rolname = 'login_owner'
    where
        r.rolname = session_user
        and (r.rolsuper or r.rolcreaterole or pg_has_role(r.oid, owner.oid, 'MEMBER'))

),

transformer as (

    select r.oid as role_id from pg_roles as r
    where r.rolname = 'login_transformer'

),

other_logins as (

    {{ logins_beside_the_privileged() }}

),

with_code as (

    {{ what_runs_code() }}

),

code as (

    select string_agg(c.name, ', ' order by c.name) as names
    from with_code as c
    where
        c.owner_id in (select t.role_id from transformer as t)
        and exists (select from privileged)

)

select
    coalesce(
        'the login ' || l.names || ' may write the models too',
        c.names || ' of login_transformer''s would run code'
    ) as reason
from other_logins as l
cross join code as c
{%- endmacro %}


{#- Of the CTEs of why_not_trusted(): the other logins that may act as login_transformer. -#}
{% macro logins_beside_the_privileged() -%}
select string_agg(quote_ident(r.rolname), ', ' order by r.rolname) as names
from privileged as p
inner join transformer as t on true
inner join pg_roles as r on pg_has_role(r.oid, t.role_id, 'MEMBER')
left join pg_roles as owner on owner.rolname = 'login_owner'
where
    r.rolcanlogin
    and not r.rolsuper
    and r.oid not in (p.role_id, t.role_id, owner.oid)
    and (p.is_superuser or not pg_has_role(r.oid, owner.oid, 'MEMBER'))
{%- endmacro %}


{#- Functions, and relations that evaluate something where they are read or written. -#}
{% macro what_runs_code() -%}
select
    f.proowner as owner_id,
    f.oid::regprocedure::text as name
from pg_proc as f
union all
select
    r.relowner as owner_id,
    r.oid::regclass::text as name
from pg_class as r
where
    r.relkind in ('v', 'm', 'f')
    or r.relhasrules
    or r.relrowsecurity
    or r.oid in (select d.adrelid from pg_attrdef as d)
{%- endmacro %}
