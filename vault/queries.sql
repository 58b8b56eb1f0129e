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
-- One set-up at a time; the number is "logins". It waits for the one before, however long that is.
select
    set_config('lock_timeout', '0', true) as unlimited,
    pg_advisory_xact_lock(x'6c6f67696e73'::bigint) as locked,
    set_config('lock_timeout', '5s', true) as limited;

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

-- name: logs_parameters
-- A row if the server may write the parameters of our statements to its log.
select true as logs_parameters
where
    current_setting('log_parameter_max_length') <> '0'
    and (
        current_setting('log_statement') in ('mod', 'all')
        or current_setting('log_min_duration_statement') <> '-1'
        or current_setting('log_min_duration_sample') <> '-1'
        or current_setting('log_transaction_sample_rate') <> '0'
        or current_setting('log_duration') = 'on' and current_setting('log_statement') <> 'none'
    );

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
    coalesce(%(secret)s::bytea, public.gen_random_bytes(32)) as secret
where not exists (
    select from vault.masking_key as k
    where k.domain = %(domain)s
);

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
    coalesce(%(secret)s::bytea, public.gen_random_bytes(32)) as secret,
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

-- name: record_destroyed_key
insert into vault.destroyed_key (domain, version)
values (%(domain)s, %(version)s);

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

-- name: replay_erasures
-- Those on record here, and those that were kept elsewhere while a backup was restored.
select vault.erase_hashes(%(kept)s::text[] || array(select e.user_hash from vault.erasure as e));

-- name: erasure_log
select
    erased_at,
    erased_by,
    messages,
    user_hash
from vault.erasure
order by erased_at;

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
