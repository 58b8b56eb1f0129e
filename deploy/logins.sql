-- One login of the pipeline: a member of one role, and able to do nothing else. Name, role and the
-- verifier of the password come as settings of the transaction; applied again it sets them again.
do $$
declare
    login_name text := current_setting('logins.name');
    verifier text := nullif(current_setting('logins.verifier'), '');
begin
    if not exists (select from pg_roles where rolname = login_name) then
        execute format('create role %I', login_name);
    end if;
    execute format('alter role %I login password %L', login_name, verifier);
    execute format('grant %I to %I', current_setting('logins.role'), login_name);
    -- On RDS, where this role exists, a login without a password proves itself by IAM.
    if verifier is null then
        execute format('grant rds_iam to %I', login_name);
    end if;
end
$$;
