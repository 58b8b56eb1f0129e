-- The six roles. None of them can log in: people and programs log in as themselves
-- and are made members (README, "Who can read what").
--
-- login_owner        owns the schemas raw and vault and everything in them
-- login_loader       may add messages, and cannot read what it added
-- login_transformer  reads raw messages and the masking keys; the only role that masks
-- login_analyst      reads the published models, nothing else
-- login_recovery     asks for raw values and sees them, one by one and on record
-- login_auditor      owns the record, and has no members: nobody changes what is in it
do $$
declare
    role_name text;
    may_assume text := case
        when current_setting('server_version_num')::int >= 160000 then 'SET' else 'MEMBER'
    end;
begin
    foreach role_name in array array[
        'login_owner', 'login_loader', 'login_transformer', 'login_analyst', 'login_recovery',
        'login_auditor'
    ] loop
        -- Roles belong to all databases of a server: another one may have made them already.
        if not exists (select from pg_roles where rolname = role_name) then
            execute format('create role %I nologin', role_name);
        end if;
    end loop;

    -- The user that runs this creates objects for the owner. A first try has no other login, so the
    -- same user runs the loader, dbt and the report. A superuser may do all that. For others,
    -- record.sql revokes login_auditor again in the same transaction.
    foreach role_name in array array[
        'login_owner', 'login_loader', 'login_transformer', 'login_analyst', 'login_auditor'
    ] loop
        if not pg_has_role(current_user, role_name, may_assume) then
            execute format('grant %I to %I', role_name, current_user);
        end if;
    end loop;
    -- Erasure reaches into the models, which login_transformer makes.
    if not pg_has_role('login_owner', 'login_transformer', 'MEMBER') then
        grant login_transformer to login_owner;
    end if;
end
$$;

-- Let the roles that handle message bodies keep them out of the server log (common/queries.sql).
-- Only a superuser can allow this; where there is none (managed Postgres) an administrator sets
-- the same parameters on the login users instead.
do $$
declare
    role_name text;
    parameter text;
begin
    foreach role_name in array array[
        'login_owner', 'login_loader', 'login_transformer', 'login_recovery'
    ] loop
        foreach parameter in array array[
            'auto_explain.log_min_duration', 'log_error_verbosity', 'log_parameter_max_length',
            'pgaudit.log_parameter'
        ] loop
            -- Not again: it would wait for another set-up, wherever on this server.
            if not exists (
                select from pg_parameter_acl as p
                cross join lateral aclexplode(p.paracl) as a
                where
                    p.parname = parameter and a.privilege_type = 'SET'
                    and a.grantee = role_name::regrole
            ) then
                execute format('grant set on parameter %s to %I', parameter, role_name);
            end if;
        end loop;
    end loop;
exception
    when insufficient_privilege then
        raise info 'only a superuser can keep values out of the server log: see docs/threat-model.md';
end
$$;
