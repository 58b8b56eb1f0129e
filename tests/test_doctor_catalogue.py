"""The doctor names every change of the catalogue, and what it says mends it."""

import random
from collections.abc import Iterator
from contextlib import contextmanager, suppress
from pathlib import Path

import psycopg
import pytest

from common.database import INIT
from tests.conftest import Pipeline, new_pipeline
from tests.logins import logins
from vault import catalogue
from vault.catalogue import BY_HAND
from vault.doctor import MEND_FIRST, Finding, _set_up
from vault.init import install

MEMBERS = {
    "mia": "login_analyst",
    "max": "login_loader",
    "tom": "login_transformer",
    "oda": "login_owner",
}

# What people do by mistake, or on purpose, and the beginning of what is said. Someone who is
# a member of none of our roles is eve.
CHANGES = {
    # Roles, and what their members are besides
    "alter role login_analyst login": "roles: login_analyst: login",
    "alter role login_owner superuser": "roles: login_owner: superuser",
    "alter role login_loader createrole": "roles: login_loader: createrole",
    "alter role login_loader createdb": "roles: login_loader: createdb",
    "alter role login_recovery replication": "roles: login_recovery: replication",
    "alter role login_transformer bypassrls": "roles: login_transformer: bypassrls",
    "alter role login_owner noinherit": "roles: login_owner: noinherit",
    "alter role login_loader connection limit 1": "roles: login_loader: connection limit 1",
    "drop owned by login_analyst; drop role login_analyst": "roles: login_analyst: not exists",
    "revoke login_transformer from login_owner": "roles: login_owner: not member of login_transf",
    "grant login_transformer to login_owner with admin option": "roles: login_owner: is member of",
    "grant login_transformer to login_analyst": "roles: login_analyst: member of login_transf",
    "grant pg_read_all_data to login_analyst": "roles: login_analyst: member of pg_read_all_data",
    "grant pg_monitor to login_loader": "roles: login_loader: member of pg_monitor",
    "grant eve to login_recovery": "roles: login_recovery: member of eve",
    "alter role mia superuser": "member mia: is superuser",
    "alter role mia createrole": "member mia: is createrole",
    "alter role max replication": "member max: is replication",
    "alter role tom bypassrls": "member tom: is bypassrls",
    "grant login_loader to mia": "member mia: is login_analyst and login_loader",
    "grant login_owner to max": "member max: is login_loader and login_owner",
    "grant login_analyst to oda": "member oda: is login_analyst and login_owner",
    "grant pg_monitor to mia": "member mia: is pg_monitor",
    "grant pg_read_all_data to mia": "member mia: is pg_read_all_data",
    "grant login_analyst to mia with admin option": "member mia: is a member of login_analyst with",
    "alter role eve createrole; grant eve to mia": "member mia: is eve",
    "grant pg_write_all_data to eve; grant eve to mia": "member mia: is pg_write_all_data",
    "alter role eve superuser; grant login_recovery to eve": "member eve: is superuser",
    "alter database logins owner to mia": "the database: owned by mia",
    # Settings
    "alter role login_owner set log_statement = 'all'": "settings of login_owner: log_stat",
    "alter role login_loader in database logins set search_path = public": "settings of login_lo",
    "alter role mia set session_preload_libraries = 'auto_explain'": "settings of mia: session_pr",
    "alter database logins set log_min_duration_statement = 0": "settings of the database: log_min",
    "alter role all set log_statement = 'all'": "settings of all roles: log_statement=all",
    "revoke set on parameter log_error_verbosity from login_owner": "grants: parameter log_error_v",
    "grant set on parameter log_statement to login_analyst": "grants: parameter log_statement to",
    "grant alter system on parameter wal_level to public": "grants: parameter wal_level to public",
    "update vault.settings set value = '100000' where name = 'recoveries_per_hour'": (
        "setting recoveries_per_hour: is 100000, should be 10"
    ),
    "delete from vault.settings where name = 'published_schema'": "setting published_schema: not",
    "insert into vault.settings values ('more', 'x')": "setting more: x",
    # Grants
    "grant connect on database logins to public": "grants: the database to public: CONNECT",
    "grant connect on database logins to eve": "grants: the database to eve: CONNECT",
    "grant create on database logins to mia": "grants: the database to mia: CREATE",
    "grant temporary on database logins to login_analyst": "grants: the database to login_analyst",
    "revoke connect on database logins from login_loader": "grants: the database to login_loader",
    "grant create on schema public to mia": "grants: the published schema to mia: CREATE",
    "grant create on schema vault to mia": "grants: schema vault to mia: CREATE",
    "grant usage on schema raw to public": "grants: schema raw to public: USAGE",
    "revoke create on schema public from login_transformer": "grants: the published schema to log",
    "create sequence raw.numbers owned by none; grant usage on sequence raw.numbers to mia": (
        "sequence raw.numbers: owned by"
    ),
    "grant select on public.user_logins to public": "grants: public.user_logins to public: SELECT",
    "grant insert on public.user_logins to login_analyst": "grants: public.user_logins to login_an",
    "grant select (user_id) on public.user_logins to eve": "grants: public.user_logins to eve: SEL",
    "grant select (body) on raw.raw_logins to login_loader": "grants: raw.raw_logins to login_load",
    "grant select on raw.raw_logins to login_transformer with grant option": (
        "grants: raw.raw_logins to login_transformer: is SELECT with grant option"
    ),
    "grant execute on function pg_catalog.pg_read_file(text) to login_analyst": (
        "grants: pg_read_file(text) to login_analyst: EXECUTE"
    ),
    "grant execute on function pg_catalog.pg_ls_dir(text) to public": "grants: pg_ls_dir(text) to",
    "grant select on pg_catalog.pg_authid to login_analyst": "grants: pg_authid to login_analyst",
    "create schema other; grant usage on schema other to login_loader": "grants: schema other to",
    "select lo_create(4711); grant select on large object 4711 to login_analyst": (
        "grants: large object 4711 to login_analyst: SELECT"
    ),
    "alter default privileges for role login_transformer grant select on tables to public": (
        "default privileges: login_transformer on tables to public: SELECT"
    ),
    "alter default privileges for role login_owner grant execute on functions to public": (
        "default privileges: login_owner on functions to "
    ),
    "alter default privileges in schema public grant select on tables to login_analyst": (
        "default privileges: postgres on tables in schema public to login_analyst: SELECT"
    ),
    # The record
    "create table public.t (like vault.settings);"
    "alter table vault.settings inherit public.t": "table vault.settings: inherits public.t",
    "create table public.t () inherits (raw.loads)": "table public.t: inherits raw.loads",
    "create or replace function raw.finished_before() returns xid8 language sql"
    " set search_path = pg_catalog, pg_temp as 'select pg_current_xact_id()'": (
        "function raw.finished_before(): is "
    ),
    "create or replace trigger on_record before insert on vault.settings"
    " for each row when (false) execute function login_audit.record_setting()": (
        "trigger on_record on vault.settings: is "
    ),
    "create rule r as on insert to vault.settings do instead nothing": "rule r on vault.settings",
    "alter table vault.settings disable trigger on_record": "trigger on_record on vault.settings",
    "alter table vault.settings enable trigger on_record": "trigger on_record on vault.settings",
    "drop trigger on_record on vault.settings": "trigger on_record on vault.settings",
    "alter table raw.quarantined_messages alter reason drop not null": "column raw.quarantined",
    "alter table vault.masking_key drop constraint masking_key_secret_check": (
        "constraint masking_key_secret_check on vault.masking_key: not CHECK"
    ),
    "alter table raw.loads set unlogged": "table raw.loads: unlogged",
    # What the transformer makes, and what is made of ours
    "set local role login_transformer; create function public.guess(text) returns text language sql"
    " return (select r.body ->> 'ip' from raw.raw_logins as r limit 1)": "function public.guess(",
    "set local role login_transformer;"
    "create function public.hmac(bytea, bytea, text, int default 1) returns bytea language sql"
    " as 'select null::bytea'": "function public.hmac(bytea,bytea,text,integer): owned by login_t",
    "create table public.copied as select * from raw.raw_logins;"
    "grant select on public.copied to login_analyst": "table public.copied: owned by",
    "create schema mine; create table mine.copied as select * from raw.raw_logins;"
    "grant select on mine.copied to login_analyst": "grants: mine.copied to login_analyst: SELECT",
    "create schema mine authorization login_transformer": "schema mine: owned by login_transformer",
    "create view public.peep as select body from raw.raw_logins": "view public.peep: made of table",
    "create materialized view public.peep as select 1 from vault.masking_key": (
        "view public.peep: made of table vault.masking_key"
    ),
    "create schema mine; create function mine.peep() returns bigint language sql"
    " return (select count(*) from raw.raw_logins)": "function mine.peep(): made of table raw.raw_",
    "create schema mine; create table mine.refers (m text references raw.raw_logins)": (
        "table constraint refers_m_fkey on mine.refers: made of table raw.raw_logins"
    ),
    "drop table public.user_logins; create view public.user_logins as select 1 as user_id;"
    "alter view public.user_logins owner to login_transformer": "view public.user_logins: owned by",
    "alter table public.user_logins owner to eve": "table public.user_logins: owned by eve",
    "create trigger t before delete on public.user_logins"
    " for each row execute function suppress_redundant_updates_trigger()": (
        "trigger t on public.user_logins: CREATE TRIGGER"
    ),
    "create rule r as on insert to public.user_logins do also select 1": "rule r on public.user_lo",
    "alter table public.user_logins enable row level security": "table public.user_logins: row lev",
    "create policy p on public.user_logins using (true)": "policy p on public.user_logins: ",
    "create index i on public.user_logins (lower(user_id))": "index public.i: CREATE INDEX",
    "create table public.t () inherits (public.user_logins)": "table public.t: inherits public.us",
    "create type public.mood as enum ('fine')": "type public.mood: owned by",
    # Routes that no grant shows
    "create function public.f() returns event_trigger language plpgsql as 'begin end';"
    "create event trigger e on ddl_command_start execute function public.f()": "event trigger e: ",
    "create publication p for all tables": "publication p: publishes all tables",
    "create publication p for table raw.raw_logins": "publication p: publishes raw.raw_logins",
    "create publication p for tables in schema vault": "publication p: publishes schema vault",
    "create policy p on raw.raw_logins using (true)": "policy p on raw.raw_logins: ",
    "create function pg_catalog.upper(int) returns int language sql return 1": "function upper(",
    "create cast (text as integer) with inout as implicit": "cast (pg_catalog.text AS integer): o",
    "create table raw.t ()": "table raw.t: owned by",
    "create operator public.=== (function = texteq, leftarg = text, rightarg = text)": "operator p",
    "alter function crypto.hmac(text, text, text) set work_mem = '1MB'": "function crypto.hmac(te",
    "alter extension pgcrypto add function vault.user_hash(text);"
    "alter function vault.user_hash(text) security definer": "function vault.user_hash(text): not ",
    "drop extension pgcrypto cascade": "extension pgcrypto: not in schema crypto",
}


@pytest.fixture(scope="module")
def built(servers: dict[str, str], artifacts: Path) -> Iterator[Pipeline]:
    with new_pipeline(servers, artifacts) as pipeline:
        pipeline.send(logins(5))
        pipeline.build()
        for name, role in MEMBERS.items():
            pipeline.sql(f"create role {name} login in role {role}")
        pipeline.sql("create role eve login")
        yield pipeline
        for name in (*MEMBERS, "eve"):
            pipeline.sql(f"drop role {name}")


@contextmanager
def attempt(pipeline: Pipeline) -> Iterator[psycopg.Connection]:
    """A transaction of a superuser, whose changes are taken back."""
    with pipeline.connect() as connection, connection.transaction(force_rollback=True):
        connection.execute("set local search_path = pg_catalog, pg_temp")
        yield connection


def found(connection: psycopg.Connection) -> list[Finding]:
    """Return what the doctor finds wrong with the set-up."""
    wrong = [one for one in _set_up(connection, "public") if not one.is_ok]
    connection.execute("reset role")
    return wrong


def mend(connection: psycopg.Connection) -> set[str | None]:
    """Do what the doctor says until it helps no more, and return the remedies that are left."""
    left = found(connection)
    for _ in range(4):
        for remedy in dict.fromkeys(str(one.remedy) for one in left):
            for part in remedy.split(", and "):
                connection.execute("reset role")  # which init takes, too
                if part.startswith(f"run `{INIT}`"):
                    install(connection, "public", {})
                elif part != BY_HAND:
                    # What something else depends on comes in the next round.
                    with suppress(psycopg.Error), connection.transaction():
                        connection.execute(part.encode())
        left = found(connection)
        if {one.remedy for one in left} <= {BY_HAND, MEND_FIRST}:
            break
    return {one.remedy for one in left}


def test_a_database_that_is_set_up_and_built_is_as_expected(built: Pipeline) -> None:
    with attempt(built) as connection:
        assert found(connection) == []


def test_who_set_it_up_without_being_a_superuser_may_be_more(built: Pipeline) -> None:
    with attempt(built) as connection:
        for statement in (
            "create role adam createrole",
            "alter database logins owner to adam",
            "grant login_owner, login_loader, login_transformer, login_analyst to adam"
            " with admin option",
            "grant pg_monitor to adam",
        ):
            connection.execute(statement.encode())
        assert found(connection) == []
        connection.execute("grant login_recovery to adam")
        (more,) = found(connection)
        assert more.subject == "member adam: is login_owner and login_recovery"


@pytest.mark.parametrize("change", CHANGES)
def test_a_change_is_named(built: Pipeline, change: str) -> None:
    with attempt(built) as connection:
        connection.execute(change.encode())
        said = [one.subject for one in found(connection)]
        assert any(text.startswith(CHANGES[change]) for text in said), said
        assert mend(connection) <= {BY_HAND, MEND_FIRST}


def random_change(connection: psycopg.Connection, choose: random.Random) -> tuple[str, str]:
    """Return a statement that changes an object of ours, and a part of its name."""
    kind, name = choose.choice(
        [
            subject.split(" ", 1)
            for subject, facts in sorted(catalogue.expected().items())
            if "owned by login_owner" in facts or subject.startswith(("column ", "roles: "))
        ]
    )
    who = choose.choice(("mia", "max", "eve", "login_analyst", "login_loader", "public"))
    other = choose.choice(("login_transformer", "eve", "postgres"))
    replaced = ""
    if kind == "function":
        query = "select pg_get_functiondef(%s::regprocedure)"
        rows = connection.execute(query, [name]).fetchall()
        replaced = rows[0][0].replace("$function$\n", " $function$\n")
    table, _, column = name.rpartition(".")
    statements = {
        "table": [
            f"grant {choose.choice(('select', 'insert', 'delete', 'truncate'))} on {name} to {who}",
            f"revoke {choose.choice(('select', 'insert', 'update'))} on {name} from login_owner",
            f"alter table {name} owner to {other}",
            f"alter table {name} {choose.choice(('enable', 'force'))} row level security",
            f"alter table {name} add column extra text",
            f"alter table {name} add constraint extra check (true)",
            f"alter table {name} set (fillfactor = 50)",
            f"alter table {name} replica identity full",
            f"alter table {name} rename to renamed",
            f"alter table {name} set schema public",
            f"create rule extra as on update to {name} do instead nothing",
            f"create trigger extra before update on {name}"
            " for each row execute function suppress_redundant_updates_trigger()",
            f"create policy extra on {name} for insert with check (false)",
            f"create table public.extra () inherits ({name})",
            f"create index extra on {name} ((1))",
            f"create publication extra for table {name}",
            f"create view public.extra as select from {name}",
            f"drop table {name} cascade",
        ],
        "column": [
            f"alter table {table} drop column {column} cascade",
            f"alter table {table} rename {column} to renamed",
            f"grant {choose.choice(('select', 'update'))} ({column}) on {table} to {who}",
        ],
        "function": [
            f"grant execute on function {name} to {who}",
            f"revoke execute on function {name} from login_owner",
            f"alter function {name} owner to {other}",
            f"alter function {name} set search_path = public",
            f"alter function {name} set role = postgres",
            f"alter function {name} leakproof",
            f"alter function {name} strict",
            f"alter function {name} cost 7",
            f"alter function {name} rename to renamed",
            f"alter function {name} set schema public",
            f"drop function {name} cascade",
            replaced,
        ],
        "schema": [
            f"grant {choose.choice(('usage', 'create'))} on schema {name} to eve",
            f"alter schema {name} owner to {other}",
            f"create function {name}.extra() returns integer language sql return 1",
            f"create view {name}.extra as select 1",
            f"create domain {name}.extra as text",
            f"create sequence {name}.extra",
            f"alter default privileges in schema {name} grant select on tables to login_analyst",
        ],
        "sequence": [
            f"grant update on sequence {name} to {who}",
            f"alter sequence {name} increment 2",
        ],
        "roles:": [
            f"alter role {name} {choose.choice(('login', 'superuser', 'createrole', 'bypassrls'))}",
            f"grant {choose.choice(('pg_monitor', 'pg_read_all_data', 'eve'))} to {name}",
            f"alter role {name} set {choose.choice(('work_mem = 99', 'row_security = off'))}",
            f"grant set on parameter log_min_messages to {name}",
            f"grant usage on language sql to {name}",
        ],
    }[kind]
    return choose.choice([one for one in statements if one]), table if kind == "column" else name


def test_random_changes_are_named(built: Pipeline) -> None:
    """Objects of ours are granted, altered, replaced, renamed, dropped; others are added."""
    choose = random.Random(14)
    named: set[str] = set()
    while len(named) < 120:
        with attempt(built) as connection:
            change, name = random_change(connection, choose)
            connection.execute(change.encode())
            said = found(connection)
            # Without the record of migrations nothing is known but that init is to be run.
            known = "vault.migration" not in change
            assert any(name in one.subject if known else one.remedy for one in said), (change, said)
            named.add(change)
