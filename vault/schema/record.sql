-- The record: how an entry is added, and who may. The table is in migrations/0008_record.sql.
-- docs/decisions/record.md tells why it is a chain, and why nobody is a member of login_auditor.
set local role login_auditor;

create or replace function login_audit.lock() returns void
language plpgsql
security definer
set search_path = pg_catalog, pg_temp as $$
begin
    -- An older snapshot would not see what others have put on record.
    if current_setting('transaction_isolation') <> 'read committed' then
        raise exception 'ask in a transaction of isolation level read committed';
    end if;
    lock table login_audit.entry in share row exclusive mode;
end
$$;
comment on function login_audit.lock() is
'Let nobody else add an entry until this transaction ends';

create or replace function login_audit.add(kind text, detail jsonb) returns bigint
language plpgsql
security definer
set search_path = pg_catalog, pg_temp as $$
declare
    one login_audit.entry;
begin
    perform login_audit.lock();
    select e.number + 1, e.hash into one.number, one.previous_hash
    from login_audit.entry as e
    order by e.number desc
    limit 1;
    one.number := coalesce(one.number, 1);
    one.previous_hash := coalesce(one.previous_hash, repeat('0', 64));
    one.made_at := clock_timestamp();
    one.made_by := session_user;
    one.made_from := inet_client_addr();
    one.kind := kind;
    one.detail := detail;
    one.hash := encode(sha256(convert_to(jsonb_build_array(
        one.number, to_char(one.made_at at time zone 'UTC', 'YYYY-MM-DD"T"HH24:MI:SS.US'),
        one.made_by, one.made_from::text, one.kind, one.detail, one.previous_hash
    )::text, 'UTF8')), 'hex');
    insert into login_audit.entry select one.*;
    if not found then
        raise exception 'the record takes no entries: run `python -m vault audit --verify`';
    end if;
    return one.number;
end
$$;
comment on function login_audit.add(text, jsonb) is
'Add an entry about the user of this session, and return its number: the only way to add one';

create or replace function login_audit.head(out number bigint, out hash text)
language sql
stable
security definer
set search_path = pg_catalog, pg_temp as $$
    select e.number, e.hash from login_audit.entry as e order by e.number desc limit 1
$$;
comment on function login_audit.head() is
'The number and the hash of the newest entry: kept elsewhere, it shows later what was removed';

create or replace function login_audit.disclosure(request bigint, out number bigint, out hash text)
language sql
stable
security definer
set search_path = pg_catalog, pg_temp as $$
    select e.number, e.hash from login_audit.entry as e
    where
        e.kind = 'disclosure'
        and e.made_by = session_user
        and e.detail @> jsonb_build_object('request', disclosure.request)
$$;
comment on function login_audit.disclosure(bigint) is
'The entry by which a request of the user of this session was answered, or nulls';

create or replace function login_audit.refuse_change() returns trigger
language plpgsql
set search_path = pg_catalog, pg_temp as $$
begin
    raise exception '%.% is append-only', tg_table_schema, tg_table_name;
end
$$;

create or replace function login_audit.tell_head() returns trigger
language plpgsql
set search_path = pg_catalog, pg_temp as $$
begin
    raise log 'login record: entry %, head %', new.number, new.hash;
    return null;
end
$$;

create or replace function login_audit.record_setting() returns trigger
language plpgsql
security definer
set search_path = pg_catalog, pg_temp as $$
begin
    perform login_audit.add('setting', jsonb_build_object(
        'name', coalesce(new.name, old.name), 'before', old.value, 'after', new.value
    ));
    return null;
end
$$;

-- Append-only for everyone, the owner and superusers included: ALWAYS also holds where a session
-- says that it applies a replica's changes. The head is in the server log once its transaction
-- ends. What is right is left alone: a trigger is made under a lock that keeps entries out.
do $$
declare
    one record;
begin
    for one in
        select w.name, w.definition
        from (
            values
            (
                'append_only',
                'CREATE TRIGGER append_only BEFORE DELETE OR UPDATE OR TRUNCATE ON login_audit.entry '
                'FOR EACH STATEMENT EXECUTE FUNCTION login_audit.refuse_change()'
            ),
            (
                'tell_head',
                'CREATE CONSTRAINT TRIGGER tell_head AFTER INSERT ON login_audit.entry '
                'DEFERRABLE INITIALLY DEFERRED FOR EACH ROW EXECUTE FUNCTION login_audit.tell_head()'
            )
        ) as w (name, definition)
        where not exists (
            select from pg_trigger as t
            where
                t.tgrelid = 'login_audit.entry'::regclass
                and t.tgname = w.name
                and t.tgenabled = 'A'
                and pg_get_triggerdef(t.oid) = w.definition
        )
    loop
        execute format('drop trigger if exists %I on login_audit.entry', one.name);
        execute one.definition;
        execute format('alter table login_audit.entry enable always trigger %I', one.name);
    end loop;
end
$$;

revoke all on schema login_audit
from public, login_owner, login_loader, login_transformer, login_analyst, login_recovery;
revoke all on all tables in schema login_audit
from public, login_owner, login_loader, login_transformer, login_analyst, login_recovery;
revoke all on all functions in schema login_audit
from public, login_owner, login_loader, login_transformer, login_analyst, login_recovery;

grant usage on schema login_audit to login_owner, login_recovery;
grant select on login_audit.entry to login_owner;
grant execute on function
login_audit.lock(), login_audit.add(text, jsonb), login_audit.head(), login_audit.record_setting()
to login_owner;
grant execute on function login_audit.head(), login_audit.disclosure(bigint) to login_recovery;

reset role;

-- A superuser needs no membership.
do $$
begin
    if not (select r.rolsuper from pg_roles as r where r.rolname = current_user) then
        execute format('revoke login_auditor from %I', current_user);
    end if;
end
$$;
