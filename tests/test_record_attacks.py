"""Nobody takes anything off the record: it is refused, or `audit --verify` names it."""

import json
from collections.abc import Iterator
from dataclasses import replace
from pathlib import Path

import psycopg
import pytest

from tests.conftest import Pipeline, new_pipeline
from tests.record import ASKED, faults, head, verified

BY_THE_OWNER = {
    "update": "update login_audit.entry set detail = '{}' where number = 3",
    "delete": "delete from login_audit.entry where number = 3",
    "truncate": "truncate login_audit.entry",
    "insert": "insert into login_audit.entry select 9999, now(), 'x', null, 'k', '{}', '', ''",
    "drop the table": "drop table login_audit.entry",
    "drop the schema": "drop schema login_audit cascade",
    "drop the trigger": "drop trigger append_only on login_audit.entry",
    "disable the trigger": "alter table login_audit.entry disable trigger append_only",
    "pose as a replica": "alter table login_audit.entry enable replica trigger append_only",
    "replace the trigger by one that never fires": (
        "create or replace trigger append_only before insert on login_audit.entry"
        " for each statement when (false) execute function login_audit.refuse_change()"
    ),
    "swallow entries in a trigger": (
        "create trigger z before insert on login_audit.entry"
        " for each row execute function suppress_redundant_updates_trigger()"
    ),
    "swallow entries in a rule": (
        "create rule r as on insert to login_audit.entry do instead nothing"
    ),
    "delete by inheritance": (
        "create table vault.parent (like login_audit.entry);"
        " alter table login_audit.entry inherit vault.parent"
    ),
    "inherit from it": "create table vault.child () inherits (login_audit.entry)",
    "replace the function that adds": (
        "create or replace function login_audit.add(kind text, detail jsonb) returns bigint"
        " language sql as 'select 1::bigint'"
    ),
    "replace the function of the trigger": (
        "create or replace function login_audit.refuse_change() returns trigger"
        " language plpgsql as 'begin return null;end'"
    ),
    "add an overload": (
        "create function login_audit.add(kind text, detail json) returns bigint"
        " language sql as 'select 1::bigint'"
    ),
    "take the table": "alter table login_audit.entry owner to login_owner",
    "take the function": "alter function login_audit.add(text, jsonb) owner to login_owner",
    "take the schema": "alter schema login_audit owner to login_owner",
    "take the role": "grant login_auditor to login_owner",
    "become the auditor": "set role login_auditor",
    "hide rows": "alter table login_audit.entry enable row level security",
    "rename the table": "alter table login_audit.entry rename to old",
    "move the table": "alter table login_audit.entry set schema vault",
    "run with other settings": "alter function login_audit.add(text, jsonb) reset all",
}

# What login_owner can do, because the tables are its own. Each is found.
PAST_THE_RECORD = {
    "a setting behind a disabled trigger": (
        "alter table vault.settings disable trigger on_record;"
        " update vault.settings set value = '100000' where name = 'recoveries_per_hour';"
        " alter table vault.settings enable always trigger on_record",
        "setting recoveries_per_hour: is 100000, on record it is 10",
    ),
    "the trigger of the settings": (
        "drop trigger on_record on vault.settings",
        "trigger on_record on vault.settings: not CREATE TRIGGER",
    ),
    "the trigger of the settings never fires": (
        "create or replace trigger on_record after insert or update or delete on vault.settings"
        " for each row when (false) execute function login_audit.record_setting()",
        "trigger on_record on vault.settings: is CREATE TRIGGER",
    ),
    "a key": (
        "insert into vault.masking_key (domain, version, secret)"
        " values ('ip', 2, repeat('x', 32)::bytea)",
        "key ip:2: is there, which is not on record",
    ),
    "a key that is gone": (
        "delete from vault.masking_key where domain = 'ip'",
        "key ip:1: is gone, which is not on record",
    ),
}

UNLOCKED = "alter table login_audit.entry disable trigger append_only; {};"
UNLOCKED += " alter table login_audit.entry enable always trigger append_only"
LAST = "select max(number) from login_audit.entry"

# What a superuser can do, and what is then found. Of the first ones only the entries tell.
BY_A_SUPERUSER = {
    "update": (
        UNLOCKED.format(
            'update login_audit.entry set detail = detail || \'{"after": "10000"}\''
            " where number = 2"
        ),
        "entry 2: it is not what was put on record",
    ),
    "update of who": (
        UNLOCKED.format("update login_audit.entry set made_by = 'nobody' where number = 3"),
        "entry 3: it is not what was put on record",
    ),
    "update of when": (
        UNLOCKED.format(
            "update login_audit.entry set made_at = made_at + interval '1 microsecond'"
            " where number = 3"
        ),
        "entry 3: it is not what was put on record",
    ),
    "delete in the middle": (
        UNLOCKED.format("delete from login_audit.entry where number in (3, 4)"),
        "entry 5: the one before it is 2, entries are missing or there twice,"
        " it was not made after the one before it",
    ),
    "delete in the middle, and close the gap": (
        UNLOCKED.format(
            "delete from login_audit.entry where number = 3;"
            " update login_audit.entry set number = number + 1000 where number > 3;"
            " update login_audit.entry set number = number - 1001 where number > 1000"
        ),
        "entry 3: it was not made after the one before it, it is not what was put on record",
    ),
    "delete the first": (
        UNLOCKED.format("delete from login_audit.entry where number = 1"),
        "entry 2: the one before it is 0, entries are missing or there twice,"
        " it was not made after the one before it",
    ),
    "delete the last": (
        UNLOCKED.format(f"delete from login_audit.entry where number = ({LAST})"),
        "head HEAD: is not on record; entries were removed, or all written again",
    ),
    "delete all": (
        UNLOCKED.format("delete from login_audit.entry"),
        "head HEAD: is not on record; entries were removed, or all written again",
    ),
    "swap two": (
        UNLOCKED.format(
            "update login_audit.entry set number = 999 where number = 3;"
            " update login_audit.entry set number = 3 where number = 4;"
            " update login_audit.entry set number = 4 where number = 999"
        ),
        "entry 3: it was not made after the one before it, it is not what was put on record",
    ),
    "forge an entry": (
        "insert into login_audit.entry select number + 1, now(), 'rick', null, 'request', '{}',"
        " hash, repeat('0', 64) from login_audit.head()",
        "it is not what was put on record",
    ),
    "delete by inheritance": (
        "create table vault.parent (like login_audit.entry);"
        " alter table login_audit.entry inherit vault.parent;"
        " delete from vault.parent where number = 3;"
        " alter table login_audit.entry no inherit vault.parent; drop table vault.parent",
        "entry 4: the one before it is 2",
    ),
    # Of these the catalogue tells, whatever the entries say.
    "disable a trigger": (
        "alter table login_audit.entry disable trigger append_only",
        "trigger append_only on login_audit.entry: is CREATE TRIGGER",
    ),
    "let a replica through": (
        "alter table login_audit.entry enable trigger tell_head",
        "trigger tell_head on login_audit.entry: is CREATE CONSTRAINT TRIGGER",
    ),
    "drop a trigger": (
        "drop trigger tell_head on login_audit.entry",
        "trigger tell_head on login_audit.entry: not CREATE CONSTRAINT TRIGGER",
    ),
    "a trigger that never fires": (
        "create or replace trigger append_only before delete on login_audit.entry"
        " for each statement when (false) execute function login_audit.refuse_change()",
        "trigger append_only on login_audit.entry: is CREATE TRIGGER",
    ),
    "a trigger more": (
        "create trigger z before update on login_audit.entry"
        " for each row execute function suppress_redundant_updates_trigger()",
        "trigger z on login_audit.entry: CREATE TRIGGER",
    ),
    "a rule": (
        "create rule r as on insert to login_audit.entry do instead nothing",
        "rule r on login_audit.entry: CREATE RULE",
    ),
    "a child": (
        "create table vault.child () inherits (login_audit.entry)",
        "table vault.child: inherits login_audit.entry",
    ),
    "a parent": (
        "create table vault.parent (like login_audit.entry);"
        " alter table login_audit.entry inherit vault.parent",
        "table login_audit.entry: inherits vault.parent",
    ),
    "another function that adds": (
        "create or replace function login_audit.add(kind text, detail jsonb) returns bigint"
        " language plpgsql security definer set search_path = pg_catalog, pg_temp"
        " as 'begin return 1; end'",
        "function login_audit.add(text,jsonb): is FUNCTION",
    ),
    "another search path": (
        "alter function login_audit.add(text, jsonb) set search_path = public",
        "function login_audit.add(text,jsonb): is FUNCTION",
    ),
    "a function that reads back what is not there": (
        "create or replace function login_audit.disclosure("
        " request bigint, out number bigint, out hash text)"
        " language sql stable security definer set search_path = pg_catalog, pg_temp"
        " as $$ select 1::bigint, '' $$",
        "function login_audit.disclosure(bigint): is FUNCTION",
    ),
    "an overload": (
        "create function login_audit.add(kind text, detail json) returns bigint"
        " language sql as 'select 1::bigint'",
        "function login_audit.add(text,json): FUNCTION",
    ),
    "another owner of the table": (
        "alter table login_audit.entry owner to login_owner",
        "table login_audit.entry: is owned by login_owner",
    ),
    "another owner of a function": (
        "alter function login_audit.head() owner to login_owner",
        "function login_audit.head(): is owned by login_owner",
    ),
    "another owner of the schema": (
        "alter schema login_audit owner to login_owner",
        "schema login_audit: is owned by login_owner",
    ),
    "a member": (
        "grant login_auditor to login_owner",
        "roles: login_owner: member of login_auditor",
    ),
    "a role that can log in": (
        "alter role login_auditor login",
        "roles: login_auditor: login",
    ),
    "a role with a setting": (
        "alter role login_auditor set session_replication_role = replica",
        "settings of login_auditor: session_replication_role=replica",
    ),
    "the right to add rows": (
        "grant insert on login_audit.entry to login_owner",
        "grants: login_audit.entry to login_owner: INSERT",
    ),
    "the right to change a column": (
        "grant update (detail) on login_audit.entry to login_owner",
        "grants: login_audit.entry to login_owner: UPDATE (detail)",
    ),
    "the right of everyone": (
        "grant execute on function login_audit.add(text, jsonb) to public",
        "grants: login_audit.add(text,jsonb) to public: EXECUTE",
    ),
    "a policy": (
        "create policy hidden on login_audit.entry using (false);"
        " alter table login_audit.entry enable row level security",
        "policy hidden on login_audit.entry: * false",
    ),
    "no key": (
        "alter table login_audit.entry drop constraint entry_pkey",
        "constraint entry_pkey on login_audit.entry: not PRIMARY KEY (number)",
    ),
    "a default": (
        "alter table login_audit.entry alter made_by set default 'nobody'",
        "column login_audit.entry.made_by: is text not null default 'nobody'",
    ),
    "a view in its place": (
        "alter table login_audit.entry rename to kept;"
        " create view login_audit.entry as select * from login_audit.kept where number < 3",
        "view login_audit.entry: ",
    ),
    "no table": (
        "drop table login_audit.entry cascade",
        "table login_audit.entry: not owned by login_auditor",
    ),
    "no schema": (
        "drop schema login_audit cascade",
        "table login_audit.entry: not owned by login_auditor",
    ),
}


@pytest.fixture(scope="module")
def recorded(servers: dict[str, str], artifacts: Path) -> Iterator[Pipeline]:
    with new_pipeline(servers, artifacts) as pipeline:
        assert pipeline.vault("init").code == 0
        assert pipeline.vault(*ASKED).code == 0
        pipeline.sql("create role olga login password 'x' in role login_owner")
        pipeline.sql("grant connect on database logins to olga")
        yield pipeline
        pipeline.sql("drop owned by olga; drop role olga")


@pytest.fixture
def copied(recorded: Pipeline) -> Iterator[Pipeline]:
    """A copy of the database, because nothing that is done to the record can be undone."""
    copy = "logins_copied"
    with recorded.connect(dbname="postgres") as connection:
        connection.execute(f"create database {copy} template logins".encode())
        try:
            yield replace(recorded, env=recorded.env | {"PGDATABASE": copy})
        finally:
            connection.execute(f"drop database {copy} with (force)".encode())


@pytest.mark.parametrize("name", BY_THE_OWNER)
def test_the_owner_of_the_data_cannot_change_the_record(recorded: Pipeline, name: str) -> None:
    *before, last = BY_THE_OWNER[name].split("; ")
    with recorded.connect(user="olga", password="x") as connection:
        connection.execute("begin")
        connection.execute("set local role login_owner")
        for statement in before:
            connection.execute(statement.encode())
        with pytest.raises(psycopg.errors.InsufficientPrivilege):
            connection.execute(last.encode())
        connection.execute("rollback")


@pytest.mark.parametrize(
    "statement",
    [
        "grant all on login_audit.entry to login_owner",
        "grant execute on function login_audit.add(text, jsonb) to login_loader",
        "revoke select on login_audit.entry from login_owner",
        "revoke usage on schema login_audit from login_recovery",
    ],
)
def test_the_owner_of_the_data_gives_no_rights(recorded: Pipeline, statement: str) -> None:
    """Postgres warns, and does nothing."""
    recorded.sql(statement, role="login_owner")
    assert faults(recorded) == []


def test_nothing_of_that_has_changed_anything(recorded: Pipeline) -> None:
    assert verified(recorded, "--head", head(recorded)) == []


@pytest.mark.parametrize("name", PAST_THE_RECORD)
def test_what_the_owner_does_past_the_record_is_found(copied: Pipeline, name: str) -> None:
    statements, fault = PAST_THE_RECORD[name]
    for statement in statements.split("; "):
        copied.sql(statement, role="login_owner")
    (found,) = verified(copied)
    assert found.startswith(fault)
    said = copied.vault("doctor").stdout
    assert f"FAIL  record: {fault}" in said or f"FAIL  {fault}" in said


@pytest.mark.parametrize("name", BY_A_SUPERUSER)
def test_what_a_superuser_does_to_the_record_is_found(copied: Pipeline, name: str) -> None:
    statements, fault = BY_A_SUPERUSER[name]
    noted = head(copied)
    copied.sql(statements)
    try:
        found = faults(copied, noted)
    finally:
        copied.sql("revoke login_auditor from login_owner")
        copied.sql("alter role login_auditor nologin; alter role login_auditor reset all")
    assert [one for one in found if fault.replace("HEAD", noted) in one] != [], found


MENDED = (
    "disable a trigger",
    "drop a trigger",
    "a trigger that never fires",
    "another function that adds",
    "another search path",
    "the right to add rows",
    "the right of everyone",
)
REFUSED = (
    "a rule",
    "a child",
    "a parent",
    "a trigger more",
    "an overload",
    "a member",
    "another owner of the table",
    "another owner of a function",
    "a policy",
    "no table",
    "no schema",
)


@pytest.mark.parametrize("name", [*MENDED, *REFUSED])
def test_set_up_says_what_was_wrong_with_the_record(copied: Pipeline, name: str) -> None:
    statements, fault = BY_A_SUPERUSER[name]
    copied.sql(statements)
    try:
        done = copied.vault("init")
        said = [json.loads(line)["message"] for line in done.stderr.splitlines()]
        assert fault in "".join(said)
        if name in MENDED:
            assert done.code == 0
            assert said[0].startswith("the record was not as this version makes it, and is now: ")
            assert faults(copied) == []
            last = "select detail from login_audit.entry order by number desc limit 1"
            assert fault in "".join(copied.value(last)["faults"])
        else:
            assert done.code == 3
            assert said[0].startswith("somebody has changed the record, and nothing is set up: ")
            assert fault in "\n".join(faults(copied))
    finally:
        copied.sql("revoke login_auditor from login_owner")
