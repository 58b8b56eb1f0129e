"""Databases that earlier versions made come up by set-up alone, with all that is in them."""

import re
from collections import Counter, defaultdict
from collections.abc import Set
from datetime import datetime, timezone
from pathlib import Path
from typing import Any
from uuid import uuid4

import psycopg
import pytest
from psycopg import sql
from psycopg.types.array import ListBinaryDumper

from tests.conftest import Pipeline
from tests.logins import login

UPGRADES = Path(__file__).parent / "upgrades"
COMMITS = ("53734c2", "412741f", "375fad3")

ROLES = ("login_owner", "login_loader", "login_transformer", "login_analyst", "login_recovery")
TABLES = (
    "raw.raw_logins",
    "raw.quarantined_messages",
    "raw.loads",
    "vault.masking_key",
    "vault.destroyed_key",
    "vault.settings",
    "vault.recovery_request",
    "vault.disclosure",
    "vault.erasure",
)
# Earlier versions had a table for each kind of what is on record now, with these columns.
ON_RECORD = {
    "vault.destroyed_key": "select detail ->> 'field' as domain,"
    " (detail ->> 'version')::integer as version, made_by as destroyed_by, made_at as destroyed_at"
    " from login_audit.entry where kind = 'key_destroyed'",
    "vault.recovery_request": "select (detail ->> 'request')::bigint as request_id,"
    " detail ->> 'kind' as kind, detail ->> 'lookup' as lookup, detail ->> 'reason' as reason,"
    " detail ->> 'ticket' as ticket, made_by as requested_by, made_from as requested_from,"
    " made_at as requested_at, (detail ->> 'transaction')::xid8 as requested_xid"
    " from login_audit.entry where kind = 'request'",
    "vault.disclosure": "select (detail ->> 'request')::bigint as request_id,"
    " (detail ->> 'messages')::integer as messages, made_by as disclosed_to,"
    " made_from as disclosed_from, made_at as disclosed_at"
    " from login_audit.entry where kind = 'disclosure'",
    "vault.erasure": "select detail ->> 'user_hash' as user_hash,"
    " (detail ->> 'messages')::integer as messages, made_by as erased_by, made_at as erased_at"
    " from login_audit.entry where kind = 'erasure'",
}
PUBLISHED = ("public.user_logins", "public.rejected_logins")
MASKS = ("masked_ip", "masked_device_id")
EARLIER_REASON, REASON = "support case 4711", "support case 4712"

# Of tests/upgrades/make.py: who sent one address or device in three spellings, a person with the
# number of messages, and a person who is erased.
SHARERS = {
    "masked_ip": {"user-0001", "user-0005"},
    "masked_device_id": {"user-0001", "user-0005", "user-0008"},
}
PERSON, PERSONS_MESSAGES = "user-0001", 5
ERASED = "user-0007"

Row = dict[str, Any]
State = dict[str, list[Row]]


def restore(pipeline: Pipeline, dump: str) -> None:
    """Make the roles, as on every cluster, and fill the empty database."""
    with pipeline.connect() as connection:
        present = {name for (name,) in connection.execute("select rolname from pg_roles")}
        for role in set(ROLES) - present:
            connection.execute(sql.SQL("create role {} nologin").format(sql.Identifier(role)))
        connection.execute((UPGRADES / f"{dump}.sql").read_bytes())


def catch_up(pipeline: Pipeline) -> None:
    """Let the clock of transactions pass that of the dump, as if this were the dump's cluster."""
    pipeline.sql(
        "do $$ declare newest constant xid8 := (select greatest("
        " (select max(next_xid) from raw.model_windows),"
        " (select max(landed_xid) from raw.raw_logins)));"
        " begin while pg_current_xact_id() <= newest loop commit; end loop; end $$"
    )


def source(pipeline: Pipeline, table: str) -> str:
    """Return the table, or where its rows are now."""
    if pipeline.value(f"select to_regclass('{table}') is null"):
        return f"({ON_RECORD[table]}) as moved"
    return table


def columns(pipeline: Pipeline, table: str) -> list[str]:
    """Return the columns of a table, without the one that a restamp changes."""
    with pipeline.connect() as connection:
        cursor = connection.execute(f"select * from {source(pipeline, table)} limit 0".encode())
        return sorted({column.name for column in cursor.description or ()} - {"landed_xid"})


def state(pipeline: Pipeline, tables: tuple[str, ...], like: State | None = None) -> State:
    """Return the rows of tables, or of those of an earlier state, in the columns of that time."""
    found: State = {}
    for table in like or tables:
        names = list(like[table][0]) if like else columns(pipeline, table)
        listed = ", ".join(names)
        rows = pipeline.sql(f"select {listed} from {source(pipeline, table)} order by {listed}")
        if rows:
            found[table] = [dict(zip(names, row, strict=True)) for row in rows]
    return found


def key_chains(pipeline: Pipeline) -> list[str]:
    """Return the newest keys, and those that each model is published under."""
    published = pipeline.sql("select key_chain from raw.model_windows order by model")
    return [pipeline.value("select vault.key_chain()")] + [chain for (chain,) in published]


def by_message(rows: list[Row]) -> dict[str, Row]:
    return {row["message_id"]: row for row in rows}


def without_masks(row: Row) -> Row:
    return {name: value for name, value in row.items() if name not in MASKS}


def grouping(logins: dict[str, Row], mask: str, ids: Set[str]) -> set[frozenset[str]]:
    """Return which of the messages `ids` share a mask, whatever the mask is."""
    groups: dict[str, set[str]] = defaultdict(set)
    for message_id in ids:
        if logins[message_id][mask] is not None:
            groups[logins[message_id][mask]].add(message_id)
    return set(map(frozenset, groups.values()))


def dumped(pipeline: Pipeline, *options: str) -> list[str]:
    done = pipeline.run("pg_dump", *options)
    assert done.code == 0, done.stderr
    # \\restrict is followed by a random word.
    return [line for line in done.stdout.splitlines() if "restrict " not in line]


def failures(pipeline: Pipeline) -> list[str]:
    """Return what the doctor finds wrong with the database."""
    found = pipeline.vault("doctor")
    assert "ok    database: connected" in found.stdout, found.output
    assert "queue: " in found.stdout, found.output
    assert not found.stderr
    return [
        line
        for line in found.stdout.splitlines()
        if not line.startswith(("ok    ", "FAIL  queue: "))
    ]


def disclosed(pipeline: Pipeline, *lookup: str) -> list[dict[str, str]]:
    """Ask for raw values, and return what was printed."""
    found = pipeline.vault("recover", *lookup, "--reason", REASON)
    assert found.code == 0, found.output
    names, *rows = (line.split("\t") for line in found.stdout.splitlines())
    return [dict(zip(names, row, strict=True)) for row in rows]


def as_printed(value: str) -> str:
    """Return a value as a table shows it: what cannot be printed is escaped."""
    return value.encode("unicode_escape").decode()


@pytest.mark.parametrize("commit", COMMITS)
def test_a_database_restored_from_an_earlier_version_goes_on(
    pipeline: Pipeline, commit: str
) -> None:
    restore(pipeline, commit)
    go_on(pipeline, is_pending=False, is_elsewhere=True)


@pytest.mark.parametrize("commit", COMMITS)
def test_a_database_is_upgraded_with_a_purge_and_a_rotation_pending(
    pipeline: Pipeline, commit: str
) -> None:
    restore(pipeline, f"{commit}_pending")
    catch_up(pipeline)
    go_on(pipeline, is_pending=True, is_elsewhere=False)


def go_on(pipeline: Pipeline, *, is_pending: bool, is_elsewhere: bool) -> None:
    """Set up, build, recover and erase, in the cluster of the dump or elsewhere."""
    before = state(pipeline, TABLES + PUBLISHED)
    chains = key_chains(pipeline)
    assert chains[0] == ("device_id:1+2 ip:1+2" if is_pending else "device_id:1 ip:1")

    set_up_twice(pipeline, before)
    if is_elsewhere:
        done = pipeline.vault("restamp")
        assert done.code == 0, done.output
    assert state(pipeline, (), before) == before
    assert key_chains(pipeline) == chains

    built = pipeline.dbt("build")
    assert built.code == 0, built.output
    kept = {table: rows for table, rows in before.items() if table not in PUBLISHED}
    assert state(pipeline, (), kept) == kept
    after = state(pipeline, (), before)
    check_published(before, after, is_pending=is_pending)
    assert set(key_chains(pipeline)) == {chains[0]}
    assert failures(pipeline) == []

    check_record(pipeline)
    check_recovery(pipeline, after, is_pending=is_pending)
    check_erasure(pipeline, after)
    # All models and tests, those of all history too.
    built = pipeline.dbt("build", "--selector", "nightly")
    assert built.code == 0, built.output
    others = [row for row in after["public.user_logins"] if row["user_id"] != PERSON]
    published = state(pipeline, (), {"public.user_logins": others})
    assert published["public.user_logins"] == others
    assert failures(pipeline) == []


def set_up_twice(pipeline: Pipeline, before: State) -> None:
    """Nothing is lost by it, and the second time nothing is changed."""
    done = pipeline.vault("init")
    assert done.code == 0, done.output
    assert state(pipeline, (), before) == before
    once = dumped(pipeline)
    done = pipeline.vault("init")
    assert done.code == 0, done.output
    assert dumped(pipeline) == once


def check_published(before: State, after: State, *, is_pending: bool) -> None:
    """What was published is as it was, and masked anew if that was pending; the unread is there."""
    old, logins = (by_message(found["public.user_logins"]) for found in (before, after))
    rejected = by_message(after["public.rejected_logins"])
    assert (len(old), len(logins), len(rejected)) == (6, 9, 3)
    assert by_message(before["public.rejected_logins"]).items() <= rejected.items()
    for message_id, row in old.items():
        assert without_masks(logins[message_id]) == without_masks(row)
        for mask in MASKS:
            is_same = logins[message_id][mask] == row[mask]
            assert is_same == (not is_pending or row[mask] is None)
    for mask in MASKS:
        assert grouping(logins, mask, old.keys()) == grouping(old, mask, old.keys())
        # Purged, published and unread messages that share an address or a device share its mask.
        shared = [group for group in grouping(logins, mask, logins.keys()) if len(group) > 1]
        users = [{logins[message_id]["user_id"] for message_id in group} for group in shared]
        assert SHARERS[mask] in users
        assert all(len(group) == 1 for group in users if group != SHARERS[mask])

    raw = by_message(after["raw.raw_logins"])
    removed = Counter(row["removed"] for row in raw.values())
    assert (removed["erased"], removed["purged"]) == (2, 3 if is_pending else 0)
    published = [*logins, *rejected]
    assert sorted(published) == sorted(i for i, row in raw.items() if row["removed"] != "erased")


def check_record(pipeline: Pipeline) -> None:
    """What was on record is the beginning of the chain, in order of time, and the chain holds."""
    entries = pipeline.sql("select kind, made_at from login_audit.entry order by number")
    moved = [entry for entry in entries if entry[0] in ("request", "disclosure", "erasure")]
    assert entries[: len(moved)] == moved
    assert moved == sorted(moved, key=lambda entry: entry[1])
    assert [kind for kind, _ in moved].count("erasure") >= 1
    verified = pipeline.vault("audit", "--verify")
    assert (verified.code, verified.stdout) == (0, ""), verified.output


def check_recovery(pipeline: Pipeline, after: State, *, is_pending: bool) -> None:
    """Raw values come by mask and by message, except purged ones; all of it is on record."""
    raw, logins = by_message(after["raw.raw_logins"]), by_message(after["public.user_logins"])
    message_id = next(
        i for i, row in logins.items() if row["user_id"] == "user-0005" and row["masked_device_id"]
    )
    for mask, field in zip(MASKS, ("ip", "device_id"), strict=True):
        value = logins[message_id][mask]
        sharing = {i for i, row in logins.items() if row[mask] == value}
        assert len(sharing) == 3
        expected = {
            (i, as_printed(raw[i]["body"][field])) for i in sharing if raw[i]["body"] is not None
        }
        assert len(expected) == (2 if is_pending else 3)
        found = disclosed(pipeline, "--field", field, "--mask", value)
        assert {(line["message_id"], line[field]) for line in found} == expected
        assert len(found) == len(expected)
    (line,) = disclosed(pipeline, "--message-id", message_id)
    body = raw[message_id]["body"]
    assert (line["ip"], line["device_id"]) == (body["ip"], body["device_id"])
    audited = pipeline.vault("audit").stdout
    assert (audited.count(EARLIER_REASON), audited.count(REASON)) == (1, 3)


def check_erasure(pipeline: Pipeline, after: State) -> None:
    """A person is erased, and another, who is on record, once more under the same key."""
    done = pipeline.vault("erase", "--user-id", PERSON)
    assert done.code == 0, done.output
    pipeline.send([login(7)])
    assert pipeline.load().code == 0
    done = pipeline.vault("erase", "--replay")
    assert done.code == 0, done.output
    found = state(pipeline, ("raw.raw_logins", "raw.quarantined_messages", *PUBLISHED))
    assert "user-0006" in repr(found)
    assert PERSON not in repr(found)
    assert ERASED not in repr(found)
    records = pipeline.sql("select messages from vault.erasure_log() order by erased_at")
    assert records == [(2,), (PERSONS_MESSAGES,)]
    arrived = by_message(found["raw.raw_logins"]).keys() - by_message(after["raw.raw_logins"])
    (tombstone,) = (row for row in found["raw.raw_logins"] if row["message_id"] in arrived)
    assert tombstone["removed"] == "erased"


@pytest.mark.parametrize("commit", COMMITS)
def test_an_upgraded_database_has_the_tables_functions_and_rights_of_a_new_one(
    pipeline: Pipeline, commit: str
) -> None:
    schemas = ("--schema-only", "--schema=raw", "--schema=vault", "--schema=login_audit")
    assert pipeline.vault("init").code == 0
    new = sorted(dumped(pipeline, *schemas))
    pipeline.sql("drop schema raw, vault, login_audit cascade")
    restore(pipeline, commit)
    assert pipeline.vault("init").code == 0
    assert sorted(dumped(pipeline, *schemas)) == new


@pytest.mark.parametrize("commit", COMMITS)
def test_the_doctor_of_an_earlier_version_s_database_prescribes_set_up(
    pipeline: Pipeline, commit: str
) -> None:
    restore(pipeline, commit)
    found = pipeline.vault("doctor")
    assert found.code == 3, found.output
    assert "Traceback" not in found.output
    assert re.search(r"^FAIL  .*`python -m vault init`", found.stdout, re.MULTILINE)
    # It went on to the end.
    assert "queue: " in found.stdout


def test_an_earlier_loader_lands_in_a_database_of_this_version(pipeline: Pipeline) -> None:
    restore(pipeline, "375fad3")
    assert pipeline.vault("init").code == 0
    assert pipeline.vault("restamp").code == 0
    (known,) = pipeline.sql(
        "select message_id, sent_at from raw.raw_logins where removed is null limit 1"
    )
    new, refused = f"{uuid4()}", f"{uuid4()}"
    now = datetime.now(timezone.utc)
    parameters = {
        "role": "login_loader",
        "load_id": uuid4(),
        "message_id": [known[0], new, refused],
        "body": [login(1), login(20), "{"],
        "sent_at": [known[1], now, None],
        "receive_count": [2, 1, None],
        "attributes": ["{}", '{"message": {}}', None],
        "body_md5": [None, "0" * 32, None],
    } | {"received": 3, "landed": 1, "already_there": 1, "quarantined": 1}
    before = state(pipeline, TABLES)
    pipeline.sql("create role earlier_loader login password 'x' in role login_loader")
    try:
        with pipeline.connect(user="earlier_loader", password="x") as connection:
            connection.adapters.register_dumper(list, ListBinaryDumper)
            answers = run_file(connection, UPGRADES / "375fad3_land.sql", parameters)
    finally:
        pipeline.sql("drop role earlier_loader")
    # Else it would apply its own set-up.
    assert answers["is_installed.sql"] == [(1,)]
    assert answers["land.sql"] == [(1, 1)]
    receipt = pipeline.sql(
        "select received, landed, already_there, quarantined, loaded_by from raw.loads"
        f" where load_id = '{parameters['load_id']}'"
    )
    assert receipt == [(3, 1, 1, 1, "earlier_loader")]
    assert pipeline.sql(
        "select message_id, sqlstate from raw.quarantined_messages where body = '{'"
    ) == [(refused, "22P02")]
    after = state(pipeline, (), before)
    for table, rows in before.items():
        assert all(row in after[table] for row in rows), table
        added = {"raw.raw_logins": 1, "raw.quarantined_messages": 1, "raw.loads": 1}
        assert len(after[table]) == len(rows) + added.get(table, 0), table
    built = pipeline.dbt("build")
    assert built.code == 0, built.output
    assert pipeline.sql(f"select user_id, sent_at from user_logins where message_id = '{new}'") == [
        ("user-0020", now)
    ]


def run_file(
    connection: psycopg.Connection, file: Path, parameters: dict[str, Any]
) -> dict[str, list[tuple[Any, ...]]]:
    """Run the statements of a file in one transaction; return their rows by the name above each."""
    answers: dict[str, list[tuple[Any, ...]]] = {}
    with connection.transaction():
        for name, statement in re.findall(
            r"^-- (\w+\.sql)\n(.*?);$", file.read_text("utf-8"), re.DOTALL | re.MULTILINE
        ):
            cursor = connection.execute(statement.encode(), parameters)
            answers[name] = cursor.fetchall() if cursor.description else []
    return answers
