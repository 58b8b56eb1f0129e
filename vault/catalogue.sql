-- What the catalogue says about everything of ours, one fact a row: subject, fact, and the
-- statement that undoes it. vault/catalogue.json has the facts of a fresh set-up, and
-- vault/catalogue.py compares. Nothing but pg_catalog is read, and nothing that anybody else has
-- defined is evaluated. What differs between versions of the server is left out or made equal.
with recursive

-- Every role of ours, and whether people and programs may be members of it.
ours (role_name, takes_members) as (

    values
    ('login_owner', true),
    ('login_loader', true),
    ('login_transformer', true),
    ('login_analyst', true),
    ('login_recovery', true),
    ('login_auditor', false)

),

-- Schemas in which everything is ours.
guarded (schema_name) as (

    values
    ('raw'),
    ('vault'),
    ('login_audit'),
    ('crypto')

),

our_role as (

    select
        r.*,
        o.takes_members,
        quote_ident(r.rolname) as role_name
    from pg_roles as r
    inner join ours as o on r.rolname = o.role_name

),

-- PostgreSQL 16 has added two options. Without both a member has nothing of the role: so is
-- whoever made it.
granted_role as (

    select
        a.*,
        coalesce(to_jsonb(a) ->> 'inherit_option', 'true') as inherits,
        coalesce(to_jsonb(a) ->> 'set_option', 'true') as may_set
    from pg_auth_members as a

),

-- Who is what, by way of which role that was granted to it.
membership (member_id, via_id, role_id) as (

    select
        a.member as member_id,
        a.roleid as via_id,
        a.roleid as role_id
    from granted_role as a
    where 'true' in (a.inherits, a.may_set)
    union
    select
        m.member_id,
        m.via_id,
        a.roleid as role_id
    from membership as m
    inner join granted_role as a on m.role_id = a.member
    where 'true' in (a.inherits, a.may_set)

),

this_database as (

    select
        d.oid as database_id,
        d.datdba as owner_id,
        quote_ident(d.datname) as database_name
    from pg_database as d
    where d.datname = current_database()

),

-- The members of our roles: people, programs, groups. An administrator is a login that runs init
-- without being a superuser: it owns the database, creates roles, and roles.sql makes it a member
-- of four of them.
person as (

    select distinct
        r.oid as person_id,
        quote_ident(r.rolname) as person_name,
        r.rolcreaterole
        and r.oid = b.owner_id
        and r.oid in (
            select m.member_id from membership as m
            inner join our_role as owner on m.role_id = owner.oid
            where owner.rolname = 'login_owner'
        ) as is_administrator
    from granted_role as g
    inner join our_role as o on g.roleid = o.oid
    inner join pg_roles as r
        on
            g.member = r.oid or r.oid in (
                select m.member_id from membership as m
                where m.role_id = o.oid
            )
    cross join this_database as b
    where r.oid not in (select o2.oid from our_role as o2)

),

power (role_id, via_id, power) as (

    select
        r.oid as role_id,
        null::oid as via_id,
        a.attribute as power
    from pg_roles as r
    cross join
        lateral (
            values
            (r.rolsuper, 'superuser'),
            (r.rolcreaterole, 'createrole'),
            (r.rolreplication, 'replication'),
            (r.rolbypassrls, 'bypassrls')
        ) as a (has_it, attribute)
    where a.has_it
    union all
    select distinct
        m.member_id as role_id,
        m.via_id,
        quote_ident(r.rolname) as power
    from membership as m
    inner join pg_roles as r on m.role_id = r.oid
    where
        r.rolname ~ '^pg_'
        or r.rolsuper
        or r.rolcreaterole
        or r.rolreplication
        or r.rolbypassrls

),

-- A member of login_owner is login_transformer by that.
roles_of_person as (

    select
        p.person_id,
        p.person_name,
        array_agg(distinct o.role_name order by o.role_name) as role_names
    from person as p
    inner join membership as m on p.person_id = m.member_id
    inner join our_role as o on m.role_id = o.oid
    where
        not (p.is_administrator and o.rolname in ('login_loader', 'login_analyst'))
        and (
            o.rolname <> 'login_transformer'
            or not exists (
                select from membership as more
                inner join our_role as owner on more.role_id = owner.oid
                where more.member_id = m.member_id and owner.rolname = 'login_owner'
            )
        )
    group by p.person_id, p.person_name

),

schema as (

    select
        n.oid as schema_id,
        n.nspname as schema_name,
        n.nspname in (select g.schema_name from guarded as g) as is_guarded,
        n.nspname = %(published)s as is_published
    from pg_namespace as n

),

-- What an extension has made is known by its extension; in our schemas only what is compiled, since
-- anything can be added to one.
of_extension as (

    select
        d.classid as class_id,
        d.objid as object_id,
        coalesce(l.lanname = 'c', false) as is_compiled
    from pg_depend as d
    inner join pg_extension as x
        on d.refclassid = 'pg_extension'::regclass and d.refobjid = x.oid
    left join pg_proc as p on d.classid = 'pg_proc'::regclass and d.objid = p.oid
    left join pg_language as l on p.prolang = l.oid
    where d.deptype = 'e' and x.extowner not in (select o.oid from our_role as o)

),

model (model_name) as (

    select unnest(%(models)s::text[])

),

relation as (

    select
        c.*,
        c.oid::regclass::text as relation_name,
        s.is_guarded,
        s.is_published
        and c.relkind = 'r'
        and c.relname in (select m.model_name from model as m)
        and c.relowner = (
            select o.oid from our_role as o
            where o.rolname = 'login_transformer'
        ) as is_model
    from pg_class as c
    inner join schema as s on c.relnamespace = s.schema_id

),

watched as (

    select * from relation
    where (is_guarded or is_model) and relkind <> 'i'

),

-- Everything in our schemas and in the published one, and whatever is owned by a role of ours.
placed (class_id, object_id) as (

    select
        d.classid as class_id,
        d.objid as object_id
    from pg_depend as d
    inner join schema as s on d.refclassid = 'pg_namespace'::regclass and d.refobjid = s.schema_id
    left join of_extension as x on d.classid = x.class_id and d.objid = x.object_id
    where
        d.classid not in (
            'pg_default_acl'::regclass,
            'pg_extension'::regclass,
            'pg_publication_namespace'::regclass
        )
        and case
            when s.is_guarded then not coalesce(x.is_compiled, false)
            else s.is_published and x.object_id is null
        end
    union
    -- What stands beside the built-ins is taken for one of them. initdb has made all below 16384.
    select
        b.class_id,
        b.object_id
    from (
        select
            'pg_proc'::regclass as class_id,
            p.oid as object_id
        from pg_proc as p
        where p.pronamespace = 'pg_catalog'::regnamespace
        union all
        select
            'pg_operator'::regclass as class_id,
            o.oid as object_id
        from pg_operator as o
        where o.oprnamespace = 'pg_catalog'::regnamespace
        union all
        select
            'pg_class'::regclass as class_id,
            c.oid as object_id
        from pg_class as c
        where c.relnamespace = 'pg_catalog'::regnamespace and c.relkind not in ('c', 'i')
        union all
        select
            'pg_cast'::regclass as class_id,
            c.oid as object_id
        from pg_cast as c
    ) as b
    left join of_extension as x on b.class_id = x.class_id and b.object_id = x.object_id
    where b.object_id >= 16384 and x.object_id is null
    union
    select
        'pg_namespace'::regclass as class_id,
        s.schema_id as object_id
    from schema as s
    where s.is_guarded
    union
    select
        d.classid as class_id,
        d.objid as object_id
    from pg_shdepend as d
    inner join our_role as o on d.refclassid = 'pg_authid'::regclass and d.refobjid = o.oid
    where
        d.deptype = 'o'
        and d.classid <> 'pg_default_acl'::regclass
        and d.dbid in (0, (select b.database_id from this_database as b))

),

grantable (
    class_id,
    object_id,
    column_number,
    column_name,
    kind,
    object_name,
    schema_id,
    owner_id,
    acl,
    acl_kind
) as (

    select
        'pg_class'::regclass,
        c.oid,
        0,
        null,
        case when c.relkind = 'S' then 'sequence' else 'table' end,
        c.oid::regclass::text,
        c.relnamespace,
        c.relowner,
        c.relacl,
        case when c.relkind = 'S' then 's' else 'r' end
    from pg_class as c
    where c.relkind in ('r', 'v', 'm', 'f', 'p', 'S')
    union all
    select
        'pg_class'::regclass,
        c.oid,
        a.attnum,
        quote_ident(a.attname),
        'table',
        c.oid::regclass::text,
        c.relnamespace,
        c.relowner,
        a.attacl,
        'c'
    from pg_attribute as a
    inner join pg_class as c on a.attrelid = c.oid
    union all
    select
        'pg_proc'::regclass,
        p.oid,
        0,
        null,
        'routine',
        p.oid::regprocedure::text,
        p.pronamespace,
        p.proowner,
        p.proacl,
        'f'
    from pg_proc as p
    union all
    select
        'pg_type'::regclass,
        t.oid,
        0,
        null,
        'type',
        t.oid::regtype::text,
        t.typnamespace,
        t.typowner,
        t.typacl,
        'T'
    from pg_type as t
    where t.typrelid = 0 and t.typcategory <> 'A'
    union all
    select
        'pg_namespace'::regclass,
        n.oid,
        0,
        null,
        'schema',
        quote_ident(n.nspname),
        n.oid as schema_id,
        n.nspowner,
        n.nspacl,
        'n'
    from pg_namespace as n
    union all
    select
        'pg_database'::regclass,
        d.oid,
        0,
        null,
        'database',
        quote_ident(d.datname),
        null,
        d.datdba,
        d.datacl,
        'd'
    from pg_database as d
    where d.datname = current_database()
    union all
    select
        'pg_language'::regclass,
        l.oid,
        0,
        null,
        'language',
        quote_ident(l.lanname),
        null,
        l.lanowner,
        l.lanacl,
        'l'
    from pg_language as l
    union all
    select
        'pg_foreign_data_wrapper'::regclass,
        w.oid,
        0,
        null,
        'foreign data wrapper',
        quote_ident(w.fdwname),
        null,
        w.fdwowner,
        w.fdwacl,
        'F'
    from pg_foreign_data_wrapper as w
    union all
    select
        'pg_foreign_server'::regclass,
        s.oid,
        0,
        null,
        'foreign server',
        quote_ident(s.srvname),
        null,
        s.srvowner,
        s.srvacl,
        'S'
    from pg_foreign_server as s
    union all
    select
        'pg_largeobject'::regclass,
        l.oid,
        0,
        null,
        'large object',
        l.oid::text,
        null,
        l.lomowner,
        l.lomacl,
        'L'
    from pg_largeobject_metadata as l
    union all
    select
        'pg_tablespace'::regclass,
        t.oid,
        0,
        null,
        'tablespace',
        quote_ident(t.spcname),
        null,
        t.spcowner,
        t.spcacl,
        't'
    from pg_tablespace as t
    union all
    select
        'pg_parameter_acl'::regclass,
        p.oid,
        0,
        null,
        'parameter',
        p.parname,
        null,
        null,
        p.paracl,
        'p'
    from pg_parameter_acl as p

),

granted as (

    select
        g.*,
        a.grantee as grantee_id,
        a.privilege_type as privilege,
        s.schema_name,
        case when a.grantee = 0 then 'public' else a.grantee::regrole::text end as grantee,
        case when a.is_grantable then ' with grant option' else '' end as option,
        coalesce(s.is_guarded, false) as is_guarded,
        coalesce(s.is_published, false) as is_published,
        coalesce(r.is_model, false) as is_model
    from grantable as g
    left join schema as s on g.schema_id = s.schema_id
    left join relation as r on g.class_id = 'pg_class'::regclass and g.object_id = r.oid
    left join of_extension as x on g.class_id = x.class_id and g.object_id = x.object_id
    cross join
        lateral aclexplode(
            coalesce(
                g.acl,
                case
                    when
                        s.is_guarded
                        and g.column_name is null
                        and not coalesce(x.is_compiled, false)
                        then acldefault(g.acl_kind::"char", g.owner_id) -- noqa: RF06
                    when g.kind = 'database' then acldefault('d', g.owner_id)
                end
            )
        ) as a
    where
        -- what initdb or an extension has granted
        not exists (
            select
            from pg_init_privs as i
            cross join lateral aclexplode(i.initprivs) as b
            where
                i.classoid = g.class_id
                and i.objoid = g.object_id
                and i.objsubid = g.column_number
                and b.grantee = a.grantee
                and b.privilege_type = a.privilege_type
                and not coalesce(s.is_guarded, false)
        )

),

grants as (

    select
        g.*,
        case
            when g.kind = 'database' then 'the database'
            when g.kind = 'schema' and g.is_published then 'the published schema'
            when g.kind in ('table', 'sequence', 'routine') then g.object_name
            else g.kind || ' ' || g.object_name
        end as subject,
        coalesce(' (' || g.column_name || ')', '') as columns
    from granted as g
    where
        case
            -- An owner has MAINTAIN from PostgreSQL 17 on.
            when g.is_guarded then g.grantee_id <> g.owner_id or g.privilege <> 'MAINTAIN'
            when g.grantee_id = g.owner_id then false
            -- Who may connect besides our roles is a member of one: NOINHERIT logins need it.
            when g.kind = 'database'
                then
                    g.privilege <> 'CONNECT'
                    or g.grantee_id not in (select p.person_id from person as p)
            when g.kind = 'schema' and g.schema_name = 'public'
                then
                    g.grantee_id <> 0 or g.privilege <> 'USAGE'
            when g.is_model
                then
                    g.grantee <> 'login_analyst' or g.privilege <> 'SELECT'
                    or g.column_name is not null
            when g.is_published then true
            else
                g.grantee_id in (select o.oid from our_role as o)
                or g.grantee_id = 0 and (
                    g.schema_name = 'pg_catalog'
                    or g.kind in ('parameter', 'foreign server', 'large object', 'tablespace')
                )
        end

),

facts (subject, fact, undo) as (

    select
        'roles: ' || o.role_name,
        'exists',
        'drop role ' || o.role_name
    from our_role as o
    union all
    select
        'roles: ' || o.role_name,
        a.attribute,
        'alter role ' || o.role_name || ' ' || a.undo
    from our_role as o
    cross join
        lateral (
            values
            (o.rolsuper, 'superuser', 'nosuperuser'),
            (o.rolcreaterole, 'createrole', 'nocreaterole'),
            (o.rolcreatedb, 'createdb', 'nocreatedb'),
            (o.rolcanlogin, 'login', 'nologin'),
            (o.rolreplication, 'replication', 'noreplication'),
            (o.rolbypassrls, 'bypassrls', 'nobypassrls'),
            (not o.rolinherit, 'noinherit', 'inherit'),
            (o.rolconnlimit <> -1, 'connection limit ' || o.rolconnlimit, 'connection limit -1')
        ) as a (has_it, attribute, undo)
    where a.has_it
    union all
    select
        'roles: ' || quote_ident(m.rolname),
        'member of ' || quote_ident(r.rolname)
        || case when a.admin_option then ' with admin option' else '' end
        || case when a.inherits = 'false' then ' with inherit false' else '' end
        || case when a.may_set = 'false' then ' with set false' else '' end,
        'revoke ' || quote_ident(r.rolname) || ' from ' || quote_ident(m.rolname)
    from granted_role as a
    inner join pg_roles as m on a.member = m.oid
    inner join pg_roles as r on a.roleid = r.oid
    where
        a.member in (select o.oid from our_role as o)
        or a.roleid in (
            select o.oid from our_role as o
            where not o.takes_members
        )
        -- Who made the role, setting up a database of its own, may grant it and has nothing of it.
        and not (
            a.inherits = 'false'
            and a.may_set = 'false'
            and m.rolcreaterole
            and m.oid = (select b.owner_id from this_database as b)
        )
    union all
    select
        'member ' || p.person_name,
        'is a member of ' || o.role_name || ' with admin option',
        'revoke admin option for ' || o.role_name || ' from ' || p.person_name
    from pg_auth_members as a
    inner join person as p on a.member = p.person_id
    inner join our_role as o on a.roleid = o.oid
    where a.admin_option and not p.is_administrator
    union all
    select
        'member ' || p.person_name,
        'is ' || w.power,
        coalesce(
            'revoke ' || w.via_id::regrole::text || ' from ' || p.person_name,
            'alter role ' || p.person_name || ' no' || w.power
        )
    from person as p
    inner join power as w on p.person_id = w.role_id
    where not p.is_administrator
    union all
    select
        'member ' || p.person_name,
        'is ' || array_to_string(p.role_names, ' and '),
        'revoke ' || array_to_string(p.role_names, ', ') || ' from ' || p.person_name
    from roles_of_person as p
    where cardinality(p.role_names) > 1
    union all
    -- Of our roles all settings; of others those by which a server logs or loads too much.
    select
        'settings of ' || case
            when s.setrole <> 0 then s.setrole::regrole::text
            when s.setdatabase <> 0 then 'the database'
            else 'all roles'
        end,
        c.setting,
        'alter ' || case
            when s.setrole = 0 and s.setdatabase <> 0 then 'database ' || b.database_name
            else
                'role ' || case when s.setrole = 0 then 'all' else s.setrole::regrole::text end
                || case when s.setdatabase = 0 then '' else ' in database ' || b.database_name end
        end || ' reset ' || split_part(c.setting, '=', 1)
    from pg_db_role_setting as s
    cross join this_database as b
    cross join lateral unnest(s.setconfig) as c (setting)
    where
        s.setdatabase in (0, b.database_id)
        and (
            s.setrole in (select o.oid from our_role as o)
            or (s.setrole = 0 or s.setrole in (select p.person_id from person as p))
            and c.setting
            ~ '^(log_|debug_|auto_explain\.|session_replication_role|\w+_preload_libraries)'
        )
        and c.setting not in (
            'log_error_verbosity=terse',
            'log_min_duration_sample=-1',
            'log_min_duration_statement=-1',
            'log_min_error_statement=panic', 'log_parameter_max_length=0',
            'log_parameter_max_length_on_error=0', 'log_statement=none',
            'log_transaction_sample_rate=0'
        )
    union all
    select
        'grants: ' || g.subject || ' to ' || g.grantee,
        g.privilege || g.columns || g.option,
        'revoke ' || g.privilege || g.columns || ' on ' || g.kind || ' ' || g.object_name
        || ' from ' || g.grantee
    from grants as g
    union all
    select
        'default privileges: ' || d.defaclrole::regrole || ' on ' || k.kind
        || coalesce(' in schema ' || d.defaclnamespace::regnamespace, '') || ' to '
        || case when a.grantee = 0 then 'public' else a.grantee::regrole::text end,
        a.privilege_type || case when a.is_grantable then ' with grant option' else '' end,
        'alter default privileges for role ' || d.defaclrole::regrole
        || coalesce(' in schema ' || d.defaclnamespace::regnamespace, '')
        || ' revoke ' || a.privilege_type || ' on ' || k.kind || ' from '
        || case when a.grantee = 0 then 'public' else a.grantee::regrole::text end
    from (
        select
            f.defaclrole,
            nullif(f.defaclnamespace, 0) as defaclnamespace,
            f.defaclobjtype,
            f.defaclacl
        from pg_default_acl as f
    ) as d
    inner join (
        values
        ('r', 'tables'), ('S', 'sequences'), ('f', 'functions'), ('T', 'types'), ('n', 'schemas'),
        ('L', 'large objects')
    ) as k (letter, kind) on d.defaclobjtype::text = k.letter
    cross join lateral aclexplode(d.defaclacl) as a
    where
        (a.grantee <> d.defaclrole or a.privilege_type <> 'MAINTAIN')
        and (
            d.defaclrole in (select o.oid from our_role as o)
            or a.grantee in (select o.oid from our_role as o)
        )
    union all
    select
        'the database',
        'owned by ' || p.person_name,
        'alter database ' || d.database_name || ' owner to ' || quote_ident(pg_get_userbyid(10))
    from this_database as d
    inner join person as p on d.owner_id = p.person_id
    where not p.is_administrator
    union all
    select
        i.type || ' ' || coalesce(f.oid::regprocedure::text, i.identity),
        'owned by ' || coalesce(
            coalesce(n.nspowner, c.relowner, f.proowner, t.typowner, d.refobjid)::regrole::text,
            'a superuser'
        ),
        'drop ' || i.type || ' ' || coalesce(f.oid::regprocedure::text, i.identity)
    from placed as p
    cross join lateral pg_identify_object(p.class_id, p.object_id, 0) as i
    left join pg_namespace as n on p.class_id = 'pg_namespace'::regclass and p.object_id = n.oid
    left join relation as c on p.class_id = 'pg_class'::regclass and p.object_id = c.oid
    left join pg_proc as f on p.class_id = 'pg_proc'::regclass and p.object_id = f.oid
    left join pg_type as t on p.class_id = 'pg_type'::regclass and p.object_id = t.oid
    left join pg_shdepend as d
        on
            p.class_id = d.classid
            and p.object_id = d.objid
            and d.deptype = 'o'
            and d.dbid in (0, (select b.database_id from this_database as b))
    where
        i.identity is not null
        and not coalesce(c.is_model, false)
        -- An extension that keeps parts of a table as tables of their own hides them from pg_class.
        and (p.class_id <> 'pg_class'::regclass or c.oid is not null)
        and not coalesce(c.relpersistence = 't', false)
    union all
    select
        i.type || ' ' || f.oid::regprocedure,
        regexp_replace(
            regexp_replace(
                case
                    when f.prosqlbody is not null then pg_get_functiondef(f.oid)
                    else
                        split_part(pg_get_functiondef(f.oid), e'\nAS ', 1)
                        || ' AS ' || md5(concat(f.prosrc, f.probin))
                end, '\s+', ' ', 'g'
            ), '^CREATE OR REPLACE ', ''
        ),
        null
    from pg_proc as f
    inner join schema as s on f.pronamespace = s.schema_id
    cross join lateral pg_identify_object('pg_proc'::regclass, f.oid, 0) as i
    left join of_extension as x on x.class_id = 'pg_proc'::regclass and f.oid = x.object_id
    where s.is_guarded and f.prokind <> 'a' and not coalesce(x.is_compiled, false)
    union all
    -- The functions that mask are those of the library.
    select
        i.type || ' ' || f.oid::regprocedure,
        'not as pgcrypto made it',
        case
            when f.probin = '$libdir/pgcrypto' then 'drop extension pgcrypto cascade'
            else 'alter extension pgcrypto drop function ' || f.oid::regprocedure
        end
    from pg_extension as x
    inner join pg_depend as d
        on d.refclassid = 'pg_extension'::regclass and x.oid = d.refobjid and d.deptype = 'e'
    inner join pg_proc as f on d.classid = 'pg_proc'::regclass and d.objid = f.oid
    cross join lateral pg_identify_object('pg_proc'::regclass, f.oid, 0) as i
    where
        x.extname = 'pgcrypto'
        and (f.probin is distinct from '$libdir/pgcrypto' or f.prosecdef or f.proconfig is not null)
    union all
    select
        'extension pgcrypto',
        'in schema ' || x.extnamespace::regnamespace,
        null
    from pg_extension as x
    where x.extname = 'pgcrypto'
    union all
    select
        'table ' || w.relation_name,
        o.option,
        'alter table ' || w.relation_name || ' ' || o.undo
    from watched as w
    cross join
        lateral (
            values
            (w.relrowsecurity, 'row level security', 'disable row level security'),
            (
                w.relforcerowsecurity,
                'row level security of the owner',
                'no force row level security'
            ),
            (w.relpersistence = 'u', 'unlogged', 'set logged'),
            (w.relreplident not in ('d', 'n'), 'replica identity', 'replica identity default')
        ) as o (has_it, option, undo)
    where o.has_it
    union all
    select
        'table ' || w.relation_name,
        o.option,
        'alter table ' || w.relation_name || ' reset (' || split_part(o.option, '=', 1) || ')'
    from watched as w
    cross join lateral unnest(w.reloptions) as o (option)
    where w.is_guarded
    union all
    select
        'table ' || c.relation_name,
        'inherits ' || p.relation_name,
        'alter table ' || case
            when c.relispartition then p.relation_name || ' detach partition ' || c.relation_name
            else c.relation_name || ' no inherit ' || p.relation_name
        end
    from pg_inherits as i
    inner join relation as c on i.inhrelid = c.oid
    inner join relation as p on i.inhparent = p.oid
    where (c.is_guarded or c.is_model or p.is_guarded or p.is_model) and c.relkind not in ('i', 'I')
    union all
    select
        'column ' || w.relation_name || '.' || quote_ident(a.attname),
        format_type(a.atttypid, a.atttypmod)
        || case
            when
                a.attcollation <> t.typcollation
                then ' collate ' || a.attcollation::regcollation
            else ''
        end
        || case when a.attnotnull then ' not null' else '' end
        || case a.attidentity when 'a' then ' identity always' when 'd' then ' identity' else '' end
        || case when a.attgenerated <> '' then ' generated' else '' end
        || coalesce(' default ' || pg_get_expr(d.adbin, d.adrelid), ''),
        'alter table ' || w.relation_name || ' drop column ' || quote_ident(a.attname)
    from watched as w
    inner join pg_attribute as a on w.oid = a.attrelid
    inner join pg_type as t on a.atttypid = t.oid
    left join pg_attrdef as d on a.attrelid = d.adrelid and a.attnum = d.adnum
    where w.is_guarded and w.relkind <> 'S' and a.attnum > 0 and not a.attisdropped
    union all
    select
        'sequence ' || w.relation_name,
        concat_ws(
            ' ', format_type(s.seqtypid, null), 'start', s.seqstart, 'by', s.seqincrement, 'from',
            s.seqmin, 'to', s.seqmax, 'cache', s.seqcache, case when s.seqcycle then 'cycle' end
        ),
        null
    from watched as w
    inner join pg_sequence as s on w.oid = s.seqrelid
    where w.is_guarded
    union all
    -- From PostgreSQL 18 on NOT NULL is a constraint, too.
    select
        'constraint ' || quote_ident(c.conname) || ' on ' || w.relation_name,
        pg_get_constraintdef(c.oid),
        'alter table ' || w.relation_name || ' drop constraint ' || quote_ident(c.conname)
    from watched as w
    inner join pg_constraint as c on w.oid = c.conrelid
    where w.is_guarded and c.contype not in ('n', 't')
    union all
    select
        'index ' || i.indexrelid::regclass,
        pg_get_indexdef(i.indexrelid) || case when i.indisvalid then '' else ' invalid' end,
        'drop index ' || i.indexrelid::regclass
    from watched as w
    inner join pg_index as i on w.oid = i.indrelid
    where
        case
            when w.is_guarded
                then i.indexrelid not in (select c.conindid from pg_constraint as c)
            -- It runs code.
            else i.indexprs is not null or i.indpred is not null
        end
    union all
    select
        'trigger ' || quote_ident(t.tgname) || ' on ' || w.relation_name,
        pg_get_triggerdef(t.oid) || case t.tgenabled
            when 'A' then ' always' when 'D' then ' disabled' when 'R' then ' replica' else ''
        end,
        'drop trigger ' || quote_ident(t.tgname) || ' on ' || w.relation_name
    from watched as w
    inner join pg_trigger as t on w.oid = t.tgrelid
    where not t.tgisinternal
    union all
    select
        'triggers of the constraint ' || c.conname || ' on ' || w.relation_name,
        'disabled',
        'alter table ' || w.relation_name || ' enable trigger all'
    from watched as w
    inner join pg_trigger as t on w.oid = t.tgrelid
    left join pg_constraint as c on t.tgconstraint = c.oid
    where t.tgisinternal and t.tgenabled <> 'O'
    union all
    select
        'rule ' || quote_ident(r.rulename) || ' on ' || w.relation_name,
        regexp_replace(pg_get_ruledef(r.oid), '\s+', ' ', 'g')
        || case r.ev_enabled when 'O' then '' else ' enabled: ' || r.ev_enabled::text end,
        'drop rule ' || quote_ident(r.rulename) || ' on ' || w.relation_name
    from watched as w
    inner join pg_rewrite as r on w.oid = r.ev_class
    union all
    select
        'policy ' || quote_ident(p.polname) || ' on ' || w.relation_name,
        concat_ws(
            ' ', p.polcmd::text, pg_get_expr(p.polqual, p.polrelid),
            pg_get_expr(p.polwithcheck, p.polrelid)
        ),
        'drop policy ' || quote_ident(p.polname) || ' on ' || w.relation_name
    from watched as w
    inner join pg_policy as p on w.oid = p.polrelid
    union all
    -- What stands elsewhere and is made of ours: views, foreign keys, functions, tables of a type.
    select distinct
        coalesce(
            'view ' || v.relation_name,
            i.type || ' ' || coalesce(f.oid::regprocedure::text, i.identity)
        ),
        'made of ' || r.type || ' ' || r.identity,
        coalesce(
            'drop '
            || case when v.relkind = 'm' then 'materialized ' else '' end
            || 'view '
            || v.relation_name,
            'alter table ' || k.conrelid::regclass || ' drop constraint ' || quote_ident(k.conname),
            'drop ' || i.type || ' ' || coalesce(f.oid::regprocedure::text, i.identity)
        )
    from pg_depend as d
    inner join placed as p on d.refclassid = p.class_id and d.refobjid = p.object_id
    cross join lateral pg_identify_object(d.refclassid, d.refobjid, 0) as r
    cross join lateral pg_identify_object(d.classid, d.objid, 0) as i
    cross join lateral pg_identify_object_as_address(d.classid, d.objid, 0) as a
    left join pg_rewrite as w on d.classid = 'pg_rewrite'::regclass and d.objid = w.oid
    left join relation as v on w.ev_class = v.oid
    left join pg_constraint as k on d.classid = 'pg_constraint'::regclass and d.objid = k.oid
    left join pg_proc as f on d.classid = 'pg_proc'::regclass and d.objid = f.oid
    where
        r.schema in (select g.schema_name from guarded as g)
        and a.object_names[1] not in (select g.schema_name from guarded as g)
        and d.deptype in ('n', 'a')
        and d.classid in (
            'pg_rewrite'::regclass, 'pg_proc'::regclass, 'pg_constraint'::regclass,
            'pg_class'::regclass, 'pg_type'::regclass, 'pg_policy'::regclass,
            'pg_trigger'::regclass, 'pg_attrdef'::regclass
        )
    union all
    select
        'publication ' || quote_ident(p.pubname),
        'publishes ' || case when p.puballtables then 'all tables' else r.relation_name end,
        case
            when p.puballtables then 'drop publication ' || quote_ident(p.pubname)
            else 'alter publication ' || quote_ident(p.pubname) || ' drop table ' || r.relation_name
        end
    from pg_publication as p
    left join pg_publication_rel as l on p.oid = l.prpubid
    left join watched as r on l.prrelid = r.oid
    where p.puballtables or r.oid is not null
    union all
    select
        'publication ' || quote_ident(p.pubname),
        'publishes schema ' || quote_ident(s.schema_name),
        'alter publication '
        || quote_ident(p.pubname)
        || ' drop tables in schema '
        || quote_ident(s.schema_name)
    from pg_publication as p
    inner join pg_publication_namespace as l on p.oid = l.pnpubid
    inner join schema as s on l.pnnspid = s.schema_id
    where s.is_guarded or s.is_published
    union all
    select
        'subscription ' || quote_ident(s.subname),
        'writes ' || w.relation_name,
        'drop subscription ' || quote_ident(s.subname)
    from pg_subscription as s
    inner join pg_subscription_rel as l on s.oid = l.srsubid
    inner join watched as w on l.srrelid = w.oid
    union all
    select
        'event trigger ' || quote_ident(e.evtname),
        'on ' || e.evtevent || ' calls ' || e.evtfoid::regprocedure,
        'drop event trigger ' || quote_ident(e.evtname)
    from pg_event_trigger as e
    left join of_extension as x
        on x.class_id = 'pg_event_trigger'::regclass and e.oid = x.object_id
    where x.object_id is null

)

select distinct
    subject,
    fact,
    undo
from facts
order by subject, fact;
