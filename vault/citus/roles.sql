-- Nodes log in to each other as the current role. So the roles can log in, and have no password.
do $$
declare
    role_name text;
begin
    foreach role_name in array array[
        'login_owner', 'login_loader', 'login_transformer', 'login_analyst', 'login_recovery'
    ] loop
        execute format('alter role %I login', role_name);
    end loop;
end
$$;

-- Settings of a transaction do not reach the other nodes, so the roles have them. The text of a
-- query on a node may contain its parameters.
do $$
declare
    role_name text;
    parameter text;
begin
    foreach role_name in array array[
        'login_owner', 'login_loader', 'login_transformer', 'login_recovery'
    ] loop
        foreach parameter in array array[
            'auto_explain.log_min_duration = -1',
            'debug_print_parse = off',
            'debug_print_plan = off',
            'debug_print_rewritten = off',
            'log_error_verbosity = terse',
            'log_min_error_statement = panic',
            'log_parameter_max_length = 0',
            'log_parameter_max_length_on_error = 0',
            'log_statement = none',
            'log_min_duration_statement = -1',
            'log_min_duration_sample = -1',
            'log_transaction_sample_rate = 0',
            'pgaudit.log_parameter = off'
        ] loop
            execute format('alter role %I set %s', role_name, parameter);
        end loop;
    end loop;
exception
    when insufficient_privilege then
        raise info 'only a superuser can say what the nodes log: see docs/citus.md';
end
$$;
