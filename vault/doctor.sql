-- One row for each check of the catalogue: subject, whether it is as it should be, and what to do
-- if not. Everything here is readable by everyone.
with

ours (role_name) as (

    values
    ('login_owner'), ('login_loader'), ('login_transformer'), ('login_analyst'), ('login_recovery')

),

target as (

    select
        d.datname as database_name,
        d.datdba as database_owner,
        coalesce(d.datacl, acldefault('d', d.datdba)) as database_acl
    from pg_database as d
    where d.datname = current_database()

),

-- The list of schema/grants.sql: what each role may do, and nothing else.
expected (object_name, role_name, privileges) as (

    values
    (
        'raw.raw_logins', 'login_loader',
        'insert(attributes,body,body_md5,load_id,message_id,receive_count,sent_at)'
    ),
    (
        'raw.quarantined_messages', 'login_loader',
        'insert(attributes,body,body_md5,load_id,message_id,reason,receive_count,sent_at,sqlstate)'
    ),
    ('raw.loads', 'login_loader', 'insert(already_there,landed,load_id,quarantined,received)'),
    ('raw.land', 'login_loader', 'execute'),
    ('raw.missing_rights', 'login_loader', 'execute'),
    ('raw.login_of', 'login_loader', 'execute'),
    ('raw.unwrapped', 'login_loader', 'execute'),
    ('raw.raw_logins', 'login_transformer', 'select'),
    ('raw.quarantined_messages', 'login_transformer', 'select'),
    ('raw.loads', 'login_transformer', 'select'),
    ('raw.model_windows', 'login_transformer', 'insert,select,update'),
    ('raw.finished_before', 'login_transformer', 'execute'),
    ('raw.login_of', 'login_transformer', 'execute'),
    ('raw.unwrapped', 'login_transformer', 'execute'),
    ('raw.login_of_or_null', 'login_transformer', 'execute'),
    ('raw.unwrapped_or_body', 'login_transformer', 'execute'),
    ('vault.masking_key', 'login_transformer', 'select'),
    ('vault.personal_field', 'login_transformer', 'select'),
    ('vault.key_chain', 'login_transformer', 'execute'),
    ('vault.request_recovery', 'login_recovery', 'execute'),
    ('vault.recover', 'login_recovery', 'execute'),
    ('vault.recovery_log', 'login_recovery', 'execute'),
    ('vault.request_access', 'login_recovery', 'execute'),
    ('vault.access', 'login_recovery', 'execute')

),

restricted as (

    select
        c.oid as object_id,
        n.nspname || '.' || c.relname as object_name,
        c.relowner as owner_id,
        coalesce(c.relacl, acldefault('r', c.relowner)) as acl
    from pg_class as c
    inner join pg_namespace as n on c.relnamespace = n.oid
    where n.nspname in ('raw', 'vault') and c.relkind in ('r', 'v', 'm', 'f', 'p')
    union all
    select
        p.oid as object_id,
        n.nspname || '.' || p.proname as object_name,
        p.proowner as owner_id,
        coalesce(p.proacl, acldefault('f', p.proowner)) as acl
    from pg_proc as p
    inner join pg_namespace as n on p.pronamespace = n.oid
    where n.nspname in ('raw', 'vault')

),

granted as (

    select
        r.object_name,
        case when a.grantee = 0 then 'public' else a.grantee::regrole::text end as role_name,
        lower(a.privilege_type) as privilege
    from restricted as r
    cross join lateral aclexplode(r.acl) as a
    where a.grantee <> r.owner_id
    union all
    select
        r.object_name,
        case when a.grantee = 0 then 'public' else a.grantee::regrole::text end as role_name,
        lower(a.privilege_type)
        || '(' || string_agg(t.attname, ',' order by t.attname) || ')' as privilege
    from restricted as r
    inner join pg_attribute as t on r.object_id = t.attrelid
    cross join lateral aclexplode(t.attacl) as a
    where a.grantee <> r.owner_id
    group by r.object_name, a.grantee, a.privilege_type

),

actual as (

    select
        g.object_name,
        g.role_name,
        string_agg(g.privilege, ',' order by g.privilege) as privileges
    from granted as g
    group by g.object_name, g.role_name

),

checks (subject, is_ok, remedy) as (

    select
        'roles: ' || o.role_name,
        coalesce(
            not (r.rolcanlogin or r.rolsuper or r.rolbypassrls or r.rolreplication), false
        ),
        'run `python -m vault init`, and let it neither log in nor be a superuser'
    from ours as o
    left join pg_roles as r on o.role_name = r.rolname
    union all
    -- The user that made the roles may be a member with the right to grant them.
    select
        'roles: nobody is analyst or recovery, and more',
        count(*) = 0,
        'take its other roles from ' || string_agg(distinct p.rolname, ', ')
    from pg_roles as p
    where
        not p.rolsuper
        and not p.rolcreaterole
        and (
            pg_has_role(p.oid, 'login_analyst'::text, 'MEMBER')
            or pg_has_role(p.oid, 'login_recovery'::text, 'MEMBER')
        )
        and exists (
            select from pg_roles as more
            where
                more.rolname in (
                    'login_transformer', 'login_owner', 'pg_read_all_data', 'pg_write_all_data',
                    'pg_read_server_files', 'pg_write_server_files', 'pg_execute_server_program'
                )
                and pg_has_role(p.oid, more.oid, 'MEMBER')
        )
    having
        exists (
            select from pg_roles as r
            where r.rolname = 'login_analyst'
        )
    union all
    select
        'owner of ' || r.object_name,
        r.owner_id::regrole::text = 'login_owner',
        'is ' || r.owner_id::regrole::text || ': alter its owner to login_owner'
    from restricted as r
    where r.owner_id::regrole::text <> 'login_owner'
    union all
    select
        'record: ' || n.nspname || '.' || c.relname || ' is append-only',
        coalesce(bool_or(t.tgname = 'append_only' and t.tgenabled = 'A'), false),
        'run `python -m vault init`, and find out who changed its trigger'
    from pg_class as c
    inner join pg_namespace as n on c.relnamespace = n.oid
    left join pg_trigger as t on c.oid = t.tgrelid
    where
        n.nspname = 'vault'
        and c.relname in ('recovery_request', 'disclosure', 'erasure', 'destroyed_key')
    group by n.nspname, c.relname
    union all
    select
        'views: none looks into raw or vault',
        count(*) = 0,
        'drop ' || string_agg(distinct v.oid::regclass::text, ', ')
    from pg_rewrite as w
    inner join pg_class as v on w.ev_class = v.oid
    inner join pg_depend as d on d.classid = 'pg_rewrite'::regclass and w.oid = d.objid
    inner join restricted as r on d.refclassid = 'pg_class'::regclass and d.refobjid = r.object_id
    where v.oid <> r.object_id
    union all
    select
        'database: not everyone may connect or make temporary tables',
        not exists (
            select from aclexplode(t.database_acl) as a
            where a.grantee = 0
        ),
        format('revoke all on database %I from public', t.database_name)
    from target as t
    union all
    select
        'schema ' || n.nspname || ': owned by login_owner',
        n.nspowner::regrole::text = 'login_owner',
        format('alter schema %I owner to login_owner', n.nspname)
    from pg_namespace as n
    where n.nspname in ('raw', 'vault')
    union all
    select
        'schema ' || n.nspname || ': nothing for everyone',
        not exists (
            select from aclexplode(coalesce(n.nspacl, acldefault('n', n.nspowner))) as a
            where a.grantee = 0 and (n.nspname <> 'public' or a.privilege_type = 'CREATE')
        ),
        format('revoke all on schema %I from public', n.nspname)
    from pg_namespace as n
    where n.nspname in ('raw', 'vault', 'public')
    union all
    select
        'grants: ' || coalesce(a.object_name, e.object_name)
        || ' to ' || coalesce(a.role_name, e.role_name),
        coalesce(a.privileges = e.privileges, false),
        format(
            'is %s, should be %s: run `python -m vault init`, or revoke it',
            coalesce(a.privileges, 'nothing'), coalesce(e.privileges, 'nothing')
        )
    from actual as a
    full outer join expected as e on a.object_name = e.object_name and a.role_name = e.role_name
    union all
    select
        'function ' || p.oid::regprocedure || ': search_path is pinned',
        coalesce(
            exists (
                select from unnest(p.proconfig) as c (setting)
                where c.setting = 'search_path=pg_catalog, pg_temp'
            ), false
        ),
        'run `python -m vault init`'
    from pg_proc as p
    inner join pg_namespace as n on p.pronamespace = n.oid
    where p.prosecdef and n.nspname in ('raw', 'vault')
    union all
    select
        'defaults: what login_transformer makes is nobody else''s',
        count(*) = 0,
        'alter default privileges for role login_transformer revoke all on tables from '
        || string_agg(distinct a.grantee::regrole::text, ', ')
    from pg_default_acl as d
    cross join lateral aclexplode(d.defaclacl) as a
    where
        d.defaclrole::regrole::text in ('login_transformer', 'login_owner')
        and a.grantee <> d.defaclrole
    union all
    select
        'defaults: functions that ' || o.role_name || ' makes are not everyone''s',
        count(d.oid) = 1,
        format(
            'alter default privileges for role %I revoke all on functions from public', o.role_name
        )
    from ours as o
    left join pg_default_acl as d
        on
            o.role_name = d.defaclrole::regrole::text
            and d.defaclobjtype = 'f'
            and d.defaclnamespace = 0
    where o.role_name in ('login_owner', 'login_transformer')
    group by o.role_name
    union all
    select
        'extension pgcrypto: in schema public',
        count(*) = 1,
        'create extension pgcrypto schema public'
    from pg_extension as x
    inner join pg_namespace as n on x.extnamespace = n.oid
    where x.extname = 'pgcrypto' and n.nspname = 'public'

)

select
    subject,
    is_ok,
    remedy
from checks
order by subject
