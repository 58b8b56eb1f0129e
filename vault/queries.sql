-- The statements of the vault's commands, in the order of their modules.

-- name: begin_set_up
-- The files of schema/ read this setting.
select set_config('loader.target_schema', %(target_schema)s, true);

-- name: no_time_limit
-- Whatever the database or the login sets. PostgreSQL 17 has one more limit than 15.
select set_config(s.name, '0', true)
from pg_settings as s
where s.name in ('statement_timeout', 'transaction_timeout');

-- name: limit_waits
select set_config('lock_timeout', '10min', true);

-- name: lock_set_up
-- One set-up at a time. An advisory lock everybody could hold; this one login_owner alone.
lock table vault.migration in share row exclusive mode;

-- name: limit_waits_of_set_up
select set_config('lock_timeout', %(longest)s, true);

-- name: holders_of_set_up
select string_agg(distinct format('%s (process %s)', a.usename, a.pid), ', ') as holders
from pg_locks as l
inner join pg_stat_activity as a on l.pid = a.pid
where
    l.relation = to_regclass('vault.migration')
    and l.granted
    and l.mode not in ('AccessShareLock', 'RowShareLock')
    and l.pid <> pg_backend_pid();

-- name: other_databases_with_our_roles
-- Null if there are none, or if this database is set up already.
select string_agg(distinct d.datname, ', ' order by d.datname) as databases
from pg_shdepend as s
inner join pg_roles as r on s.refclassid = 'pg_authid'::regclass and s.refobjid = r.oid
inner join pg_database as d
    on s.dbid = d.oid or s.classid = 'pg_database'::regclass and s.objid = d.oid
where
    r.rolname in (
        'login_owner', 'login_loader', 'login_transformer', 'login_analyst', 'login_recovery'
    )
    and d.datname <> current_database()
    and not exists (
        select from pg_namespace as n
        where n.nspname = 'vault' and n.nspowner::regrole::text = 'login_owner'
    );

-- name: has_migrations
-- Everybody may read the catalogue.
select true as has_migrations
from pg_class as c
inner join pg_namespace as n on c.relnamespace = n.oid
where n.nspname = 'vault' and c.relname = 'migration';

-- name: migrations
select
    number,
    name
from vault.migration;

-- name: record_migration
insert into vault.migration (number, name, version)
values (%(number)s, %(name)s, %(version)s);

-- name: set_up_state
-- What set-up makes and changes: functions and tables with their rights, triggers and constraints.
select
    p.oid::regprocedure::text as name,
    md5(concat(
        p.proowner::regrole,
        pg_get_functiondef(p.oid),
        array(
            select a::text from unnest(p.proacl) as a
            order by a::text
        )
    )) as state
from pg_proc as p
inner join pg_namespace as n on p.pronamespace = n.oid
where n.nspname in ('raw', 'vault', 'login_audit') and p.prokind = 'f'
union all
select
    c.oid::regclass::text as name,
    md5(concat(
        c.relowner::regrole,
        array(
            select a::text from unnest(c.relacl) as a
            order by a::text
        ),
        array(
            select concat(t.attname, t.atttypid::regtype, t.attnotnull, t.attacl)
            from pg_attribute as t
            where t.attrelid = c.oid and t.attnum > 0 and not t.attisdropped
            order by t.attnum
        ),
        array(
            select concat(t.tgenabled, pg_get_triggerdef(t.oid)) from pg_trigger as t
            where t.tgrelid = c.oid and not t.tgisinternal
            order by t.tgname
        ),
        array(
            select concat(k.conname, pg_get_constraintdef(k.oid)) from pg_constraint as k
            where k.conrelid = c.oid
            order by k.conname
        )
    )) as state
from pg_class as c
inner join pg_namespace as n on c.relnamespace = n.oid
where n.nspname in ('raw', 'vault', 'login_audit') and c.relkind = 'r'
order by name;

-- name: login_of
-- What raw.login_of consists of: the functions that a change of schema/login_of.sql can change.
select pg_get_functiondef(p.oid)
from pg_proc as p
inner join pg_namespace as n on p.pronamespace = n.oid
where n.nspname = 'raw' and p.proname in ('login_of', 'unwrapped')
order by p.proname;

-- name: wait_for_landings
lock table raw.raw_logins in share row exclusive mode;

-- name: unopened
select message_id
from raw.unopened()
order by message_id;

-- name: quarantine_unopened
select vault.quarantine_unopened();

-- name: extensions
select extname from pg_catalog.pg_extension;

-- name: personal_fields
select field from vault.personal_field
order by field;

-- name: fields_with_keys
-- A field that is no longer listed still has the keys it had.
select field from vault.personal_field
union
select domain from vault.masking_key
where domain <> 'erasure'
order by field;

-- name: add_first_key
insert into vault.masking_key (domain, version, secret)
select
    %(domain)s,
    vault.next_version(%(domain)s) as version,
    coalesce(%(secret)s::bytea, crypto.gen_random_bytes(32)) as secret
where
    not exists (
        select from vault.masking_key as k
        where k.domain = %(domain)s
    )
returning version;

-- name: is_newest_key
select newest.version
from (
    select
        version,
        secret
    from vault.masking_key
    where domain = %(domain)s
    order by version desc
    limit 1
) as newest
where newest.secret = %(secret)s::bytea;

-- name: add_next_key
-- Chained to its predecessor if raw values are purged: old masks can then only be masked again.
-- No row if there is no key yet, or if the new one was in use before.
insert into vault.masking_key (domain, version, secret, is_chained)
select
    k.domain,
    vault.next_version(k.domain) as version,
    coalesce(%(secret)s::bytea, crypto.gen_random_bytes(32)) as secret,
    (
        select count(*) > 0 from raw.raw_logins as r
        where r.removed = 'purged'
    ) as is_chained
from vault.masking_key as k
where k.domain = %(domain)s
group by k.domain
having bool_or(k.secret = %(secret)s::bytea) is not true
returning version;

-- name: unpublished_rotation
select * from vault.unpublished_rotation();

-- name: is_key_in_use
-- A row if masks are computed with the version: it is in the chain of the newest key, or in one
-- that a model is published under.
with

chains as (

    select w.key_chain from raw.model_windows as w
    union all
    select vault.key_chain()

),

parts as (

    select string_to_table(chains.key_chain, ' ') as part from chains

)

select 1 as is_in_use
from parts
where
    split_part(part, ':', 1) = %(domain)s
    and %(version)s::text = any(string_to_array(split_part(part, ':', 2), '+'));

-- name: destroy_key
delete from vault.masking_key as k
where k.domain = %(domain)s and k.version = %(version)s;

-- name: rewrite_keys
-- A deleted row stays in its page until a vacuum, which so small a table never gets. This makes a
-- new file of the rows that are left; the old one goes with the commit.
alter table vault.masking_key alter column secret type bytea using secret || '';

-- name: add_entry
select login_audit.add(%(kind)s, %(detail)s);

-- name: head
select
    h.number,
    h.hash
from login_audit.head() as h;

-- name: disclosure_on_record
select
    d.number,
    d.hash
from login_audit.disclosure(%(request)s) as d
where d.number is not null;

-- name: entries
select
    number,
    made_at,
    made_by,
    made_from,
    kind,
    detail::text as detail,
    hash
from login_audit.entry
order by number;

-- name: broken_entries
-- One row for each place where the chain does not hold. The hash is computed here and not by a
-- function of the database, which could be changed with what it is to prove.
with

chained as (

    select
        e.number,
        e.hash,
        e.previous_hash,
        lag(e.number, 1, 0::bigint) over in_order as number_before,
        lag(e.hash, 1, repeat('0', 64)) over in_order as hash_before,
        encode(
            sha256(
                convert_to(
                    jsonb_build_array(
                        e.number,
                        to_char(e.made_at at time zone 'UTC', 'YYYY-MM-DD"T"HH24:MI:SS.US'),
                        e.made_by,
                        e.made_from::text,
                        e.kind,
                        e.detail,
                        e.previous_hash
                    )::text,
                    'UTF8'
                )
            ),
            'hex'
        ) as true_hash
    from login_audit.entry as e
    window in_order as (order by e.number)

)

select
    'entry ' || c.number || ': '
    || concat_ws(
        ', ',
        case
            when c.number <> c.number_before + 1
                then
                    'the one before it is ' || c.number_before
                    || ', entries are missing or there twice'
        end,
        case
            when c.previous_hash <> c.hash_before then 'it was not made after the one before it'
        end,
        case when c.hash <> c.true_hash then 'it is not what was put on record' end
    ) as fault
from chained as c
where
    c.number <> c.number_before + 1
    or c.previous_hash <> c.hash_before
    or c.hash <> c.true_hash
order by c.number;

-- name: is_on_record
select e.number
from login_audit.entry as e
where e.hash = %(hash)s;

-- name: off_record
-- Settings and keys that are not what the record says: they were changed past it.
with

recorded as (

    select distinct on (e.detail ->> 'name')
        e.detail ->> 'name' as name,
        e.detail ->> 'after' as value
    from login_audit.entry as e
    where e.kind = 'setting'
    order by e.detail ->> 'name', e.number desc

),

recorded_keys as (

    select
        e.detail ->> 'field' as domain,
        (e.detail ->> 'version')::integer as version
    from login_audit.entry as e
    where e.kind in ('key_added', 'key_destroyed')
    group by e.detail ->> 'field', (e.detail ->> 'version')::integer
    having bool_and(e.kind = 'key_added')

)

select
    'setting ' || coalesce(s.name, r.name) || ': is ' || coalesce(s.value, 'gone')
    || ', on record it is ' || coalesce(r.value, 'not there') as fault
from vault.settings as s
full outer join recorded as r on s.name = r.name
where s.value is distinct from r.value
union all
select
    'key ' || coalesce(k.domain, r.domain) || ':' || coalesce(k.version, r.version)
    || case when k.domain is null then ': is gone' else ': is there' end
    || ', which is not on record' as fault
from vault.masking_key as k
full outer join recorded_keys as r on k.domain = r.domain and k.version = r.version
where k.domain is null or r.domain is null
order by fault;

-- name: request_recovery
select vault.request_recovery(%(kind)s, %(lookup)s, %(reason)s, %(ticket)s) as request;

-- name: recover
select * from vault.recover(%(request)s);

-- name: request_access
select vault.request_access(%(user_id)s, %(reason)s, %(ticket)s) as request;

-- name: access
select
    a.messages,
    a.document
from vault.access(%(request)s, %(user_id)s) as a;

-- name: recovery_log
select * from vault.recovery_log();

-- name: messages_of
select
    f.message_id,
    f.place,
    f.is_theirs
from vault.messages_of(%(user_id)s) as f
order by f.message_id, f.place;

-- name: erase
select vault.erase(%(user_id)s, %(message_ids)s::text[], %(named_in_attributes)s::text[]);

-- name: vacuums
-- A row for each table that an erasure touches, and whether this login may vacuum it. Analyzed as
-- well: statistics hold values, too.
select
    format('vacuum (analyze) %s', t.name) as statement,
    pg_has_role(session_user, c.relowner, 'USAGE') as is_allowed
from (
    values ('raw.raw_logins'::regclass), ('raw.quarantined_messages'::regclass)
    union
    select m.name from vault.models() as m (name)
) as t (name)
inner join pg_class as c on t.name = c.oid
order by statement;

-- name: replay_erasures
-- Those on record here, and those that were kept elsewhere while a backup was restored.
select vault.erase_hashes(
    %(kept)s::text[] || array(select e.user_hash from vault.erasure_log() as e)
);

-- name: erasure_log
select * from vault.erasure_log();

-- name: purge
select
    p.last_id,
    p.purged
from vault.purge(now() - %(older_than)s::interval, %(after_id)s, %(page)s) as p;

-- name: purge_quarantine
update raw.quarantined_messages
set
    body = null, attributes = null, body_md5 = null, reason = '', removed = 'purged',
    removed_at = now()
where removed is null and coalesce(sent_at, landed_at) < now() - %(older_than)s::interval;

-- name: lock_builds
select raw.lock_builds();

-- name: requeue
-- Land a page of quarantined messages again. What is still refused stays: it is there already.
with

page as (

    select q.*
    from raw.quarantined_messages as q
    where q.removed is null and q.message_id > %(after_id)s
    order by q.message_id
    limit %(page)s

),

tried as (

    select
        %(load_id)s::uuid as load_id,
        max(p.message_id) as last_id,
        count(*)::integer as messages,
        array_agg(p.message_id) as message_ids,
        array_agg(p.body) as bodies,
        array_agg(p.sent_at) as sent_ats,
        array_agg(p.receive_count) as receive_counts,
        array_agg(p.attributes) as attributes,
        array_agg(p.body_md5) as body_md5s
    from page as p

)

select
    t.last_id,
    t.messages,
    l.landed
from tried as t
cross join
    raw.land(
        t.load_id,
        t.message_ids,
        t.bodies,
        t.sent_ats,
        t.receive_counts,
        t.attributes,
        t.body_md5s
    ) as l
where t.messages > 0;

-- name: close_requeued
update raw.quarantined_messages as q
set
    body = null, attributes = null, body_md5 = null, reason = '', removed = 'requeued',
    removed_at = now()
where
    q.removed is null
    and exists (
        select from raw.raw_logins as r
        where r.message_id = q.message_id
    );

-- name: restamp
select raw.restamp();

-- name: settings
-- As facts: subject, fact, and the statement that undoes it.
select
    'setting ' || s.name as subject,
    case
        when s.name = 'published_schema' and s.value = %(published)s then 'that of DBT_SCHEMA'
        else s.value
    end as fact,
    'delete from vault.settings where name = ' || quote_literal(s.name) as undo
from vault.settings as s
order by subject;

-- name: check_keys
select
    'keys: ' || wanted.domain as subject,
    coalesce(min(octet_length(masking_key.secret)) >= 32, false) as is_ok,
    max('run `python -m vault init`: there is no key, or a short one') as remedy
from (
    select p.field from vault.personal_field as p
    union all
    select 'erasure'
) as wanted (domain)
left join vault.masking_key on wanted.domain = masking_key.domain
group by wanted.domain
order by subject;

-- name: check_window
-- dbt reads what transactions have landed that began before any that is still open.
with

unread as (

    select
        min(r.landed_at) as since,
        min(r.landed_xid) as first_xid
    from raw.raw_logins as r
    where
        r.landed_xid >= coalesce((
            select w.last_xid
            from raw.model_windows as w
            inner join vault.settings as s on s.name = 'published_schema'
            where w.model = s.value || '.user_logins'
        ), '0')

),

holding as (

    select l.pid
    from pg_locks as l
    where l.locktype = 'transactionid' and l.mode = 'ExclusiveLock' and l.granted
    order by age(l.transactionid) desc
    limit 1

)

select
    'window: no open transaction keeps dbt from reading new logins' as subject,
    coalesce(
        u.first_xid < raw.finished_before()
        or u.since > now() - interval '15 minutes', true
    ) as is_ok,
    format(
        'they have waited since %s: end %s, or wait for it',
        date_trunc('second', u.since),
        coalesce('the transaction of process ' || h.pid, 'the prepared transaction')
    ) as remedy
from unread as u
left join holding as h on true;
