-- Schemas, the extension that masks, and who may enter.
-- The setting loader.target_schema names the schema that dbt publishes to (DBT_SCHEMA).
do $$
declare
    database_name text := current_database();
    target_schema text := current_setting('loader.target_schema');
    pgcrypto_schema text;
begin
    -- Not IF NOT EXISTS: the extension may belong to somebody else.
    if not exists (select from pg_extension where extname = 'pgcrypto') then
        create extension pgcrypto with schema public;
    end if;
    select n.nspname into pgcrypto_schema
    from pg_extension as e inner join pg_namespace as n on e.extnamespace = n.oid
    where e.extname = 'pgcrypto';
    if pgcrypto_schema <> 'public' then
        raise exception 'extension pgcrypto is in schema %, and the masking macro expects it in public',
            pgcrypto_schema
            using hint = 'ALTER EXTENSION pgcrypto SET SCHEMA public';
    end if;

    create schema if not exists raw authorization login_owner;
    create schema if not exists vault authorization login_owner;
    execute format('create schema if not exists %I', target_schema);

    execute format('revoke connect, temporary on database %I from public', database_name);
    execute format(
        'grant connect on database %I to login_loader, login_transformer, login_analyst, login_recovery',
        database_name
    );
    -- dbt collects new rows in a temporary table.
    execute format('grant temporary on database %I to login_transformer', database_name);

    revoke all on schema raw, vault
    from public, login_loader, login_transformer, login_analyst, login_recovery;
    grant usage on schema raw to login_loader, login_transformer;
    grant usage on schema vault to login_transformer, login_recovery;

    execute format('revoke create on schema %I from public', target_schema);
    execute format('grant usage, create on schema %I to login_transformer', target_schema);
    execute format('grant usage on schema %I to login_analyst', target_schema);
end
$$;
