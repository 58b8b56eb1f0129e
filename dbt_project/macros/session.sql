{#- Checks a session for settings that a build needs. profiles.yml sets the isolation level, but the
    user may have another profile. A build that has waited for a lock must see what was committed
    meanwhile. -#}
{% macro require_session() -%}
    {%- if execute -%}
        {%- set session = run_query("
            select
                current_setting('default_transaction_isolation') as isolation,
                current_setting('default_transaction_read_only') = 'on' as is_read_only,
                pg_is_in_recovery() as is_standby,
                quote_ident(session_user) as login
        ").rows[0] -%}
        {%- if session['is_standby'] -%}
            {{ exceptions.raise_compiler_error(
                "Postgres is read-only: PGHOST is a standby, name the primary"
            ) }}
        {%- elif session['is_read_only'] -%}
            {{ exceptions.raise_compiler_error(
                "Postgres is read-only: unset default_transaction_read_only (of the database, the "
                ~ "user or PGOPTIONS)"
            ) }}
        {%- elif session['isolation'] != 'read committed' -%}
            {{ exceptions.raise_compiler_error(
                "A build needs READ COMMITTED, and the session has " ~ session['isolation']
                ~ ": take the role of profiles.yml, or run `alter role " ~ session['login']
                ~ " set default_transaction_isolation = 'read committed'`"
            ) }}
        {%- endif -%}
    {%- endif -%}
{%- endmacro %}
