{#- Answers of the database that macros need, asked for once in an invocation. They are kept in
    `graph`, which is one object for the whole invocation.

    is_installed     whether `python -m vault init` has made what this version needs is_on_cluster
    whether the database is one of a Citus cluster key_chain        the versions of the keys that
    mask, from vault.key_chain(): `device_id:1 ip:1+2` personal_fields  {'ip': 'masked_ip'}: the
    personal fields and their masks plans            the decisions of build_plan(), by model -#}
{% macro asked_once() -%}
    {%- if 'login_elt' not in graph -%}
        {%- set found = run_query("
            select
                num_nulls(
                    to_regprocedure('raw.open_window(text, text, boolean, jsonb)'),
                    to_regprocedure('raw.login_of(jsonb)'),
                    to_regprocedure('crypto.hmac(bytea, bytea, text)'),
                    to_regclass('vault.personal_field')
                ) = 0 as is_installed,
                exists (select from pg_extension where extname = 'citus') as is_on_cluster
        ").rows[0] -%}
        {%- set known = {
            'is_installed': found['is_installed'],
            'is_on_cluster': found['is_on_cluster'],
            'key_chain': '',
            'personal_fields': {},
            'plans': {},
        } -%}
        {%- if known.is_installed -%}
            {%- set keys = run_query(
                "select coalesce(vault.key_chain(), ''),"
                ~ " coalesce((select json_object_agg(field, mask order by field)"
                ~ " from vault.personal_field), '{}')::text"
            ).rows[0] -%}
            {%- do known.update({'key_chain': keys[0], 'personal_fields': fromjson(keys[1])}) -%}
        {%- endif -%}
        {%- do graph.update({'login_elt': known}) -%}
    {%- endif -%}
    {{ return(graph['login_elt']) }}
{%- endmacro %}
