-- Schemas, the extension that masks, and who may enter.
-- The setting loader.target_schema names the schema that dbt publishes to (DBT_SCHEMA).
do $$
declare
    database_name text := current_database();
    target_schema text := current_setting('loader.target_schema');
    pgcrypto_schema text;
begin
    -- The transformer masks with functions of this schema, and creates tables, and so functions, in
    -- the published one. Nobody but the owner creates anything here.
    create schema if not exists crypto authorization login_owner;
    if exists (select from pg_namespace where nspname = 'crypto' and nspowner <> 'login_owner'::regrole) then
        raise exception 'schema crypto belongs to somebody else, and pgcrypto is expected there'
            using hint = 'rename that schema';
    end if;
    revoke all on schema crypto
    from public, login_loader, login_transformer, login_analyst, login_recovery;
    grant usage on schema crypto to login_transformer;
    select n.nspname into pgcrypto_schema
    from pg_extension as e inner join pg_namespace as n on e.extnamespace = n.oid
    where e.extname = 'pgcrypto';
    if pgcrypto_schema is null then
        create extension pgcrypto with schema crypto;
    elsif pgcrypto_schema <> 'crypto' then
        raise info 'the extension pgcrypto moves from schema % to crypto: others call it there from now on',
            pgcrypto_schema;
        alter extension pgcrypto set schema crypto;
    end if;

    create schema if not exists raw authorization login_owner;
    create schema if not exists vault authorization login_owner;
    create schema if not exists login_audit authorization login_auditor;
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
