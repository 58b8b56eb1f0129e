"""What a database, a login or the environment sets for everybody changes nothing that we do."""

import json
import threading
from collections.abc import Callable, Iterator
from contextlib import contextmanager
from datetime import datetime, timezone
from pathlib import Path

import pytest

from tests.conftest import ROOT, Outcome, Pipeline, one_line
from tests.logins import login, logins

SETTINGS = {
    "bytea_output": "escape",
    "client_encoding": "latin1",
    "client_min_messages": "debug1",
    "datestyle": "SQL, DMY",
    "default_transaction_isolation": "serializable",
    "enable_hashjoin": "off",
    "extra_float_digits": "-15",
    "intervalstyle": "sql_standard",
    "jit_above_cost": "0",
    "quote_all_identifiers": "on",
    "search_path": "theirs",
    "standard_conforming_strings": "off",
    # Where it is another day than in UTC.
    "timezone": "Etc/GMT+12" if datetime.now(timezone.utc).hour < 12 else "Pacific/Kiritimati",
}
IN_THE_ENVIRONMENT = {
    "client_encoding": "PGCLIENTENCODING",
    "datestyle": "PGDATESTYLE",
    "timezone": "PGTZ",
}

USER = "Zoë \\o/ 李"


def set_in_the_database(pipeline: Pipeline) -> None:
    name = pipeline.env["PGDATABASE"]
    with pipeline.connect(dbname="postgres") as connection:
        for setting, value in SETTINGS.items():
            # DateStyle is a list, of which each part is quoted for itself.
            quoted = ", ".join(f"'{part}'" for part in value.split(", "))
            connection.execute(f"alter database {name} set {setting} = {quoted}".encode())


def set_in_the_environment(pipeline: Pipeline) -> None:
    pipeline.env |= {IN_THE_ENVIRONMENT[name]: SETTINGS[name] for name in IN_THE_ENVIRONMENT}
    pipeline.env["PGOPTIONS"] = " ".join(
        f"-c {name}={value}" for name, value in SETTINGS.items() if name not in IN_THE_ENVIRONMENT
    )


@pytest.mark.parametrize("set_all", [set_in_the_database, set_in_the_environment])
def test_every_command_works_whatever_others_set(
    pipeline: Pipeline, tmp_path: Path, set_all: Callable[[Pipeline], None]
) -> None:
    def ok(outcome: Outcome) -> str:
        assert outcome.code == 0, outcome.output
        return outcome.stdout

    def masks() -> list[str]:
        rows = pipeline.sql('select masked_ip from public.user_logins order by user_id collate "C"')
        return [mask for (mask,) in rows]

    set_all(pipeline)
    # A function that would take the place of a built-in one.
    pipeline.sql("create schema theirs")
    pipeline.sql(
        "create function theirs.lower(text) returns text language sql return 'theirs'::text"
    )
    ok(pipeline.vault("init"))
    pipeline.send([*logins(20), login(20, user_id=USER), "{"])
    pipeline.build()
    pipeline.send([login(number) for number in range(21, 26)])
    pipeline.build()
    assert pipeline.value("select count(*) from public.user_logins") == 26
    assert pipeline.value("select count(*) from raw.quarantined_messages") == 1
    assert pipeline.sql(
        "select count(*) from public.user_logins as u join raw.raw_logins as r using (message_id)"
        " where u.create_date is distinct from (r.sent_at at time zone 'UTC')::date"
    ) == [(0,)]

    before = masks()
    arguments = ("--field", "ip", "--mask", before[-1], "--reason", "support case 4711")
    found = ok(pipeline.vault("recover", *arguments))
    assert found.splitlines()[1].split("\t")[2:] == ["192.0.2.26"]
    asked = ("--user-id", "-", "--reason", "support case 4711")
    document = ok(pipeline.vault("access", *asked, stdin=f"{USER}\n", PYTHONUTF8="1"))
    assert json.loads(document)["messages"][0]["body"]["ip"] == "192.0.2.21"
    assert "support case 4711" in ok(pipeline.vault("audit"))
    ok(pipeline.vault("rotate-key"))
    pipeline.build()
    assert len(masks()) == 26
    assert not set(masks()) & set(before)

    ok(pipeline.vault("erase", "--user-id", "-", stdin=f"{USER}\n", PYTHONUTF8="1"))
    assert pipeline.value("select count(*) from raw.raw_logins where removed = 'erased'") == 1
    ok(pipeline.vault("audit", "--erasures"))
    ok(pipeline.vault("purge", "--older-than", "0d"))
    assert pipeline.value("select count(*) from raw.raw_logins where removed = 'purged'") == 25
    pipeline.build()
    assert len(masks()) == 25
    examined = pipeline.vault("doctor").stdout.splitlines()
    assert [line for line in examined if line.startswith("FAIL  ") and "queue" not in line] == []

    target = str(tmp_path / "target")
    ok(pipeline.dbt("test", "--selector", "nightly"))
    ok(pipeline.dbt("docs", "generate", "--static", "--target-path", f"{target}/docs"))
    ok(pipeline.dbt("show", "--inline", "select * from {{ ref('user_logins') }}"))
    site = str(tmp_path / "site")
    ok(pipeline.run("python", "-m", "report", "--output", site, DBT_TARGET_PATH=target))


@contextmanager
def locked(pipeline: Pipeline, seconds: float) -> Iterator[None]:
    """Let nobody read raw messages for that time."""
    with pipeline.connect() as other:
        other.execute("begin; lock table raw.raw_logins in access exclusive mode")
        release = threading.Timer(seconds, lambda: other.execute("commit"))
        release.start()
        yield
        assert not release.is_alive()  # or nobody has waited


def test_a_build_and_a_set_up_take_as_long_as_they_take(pipeline: Pipeline) -> None:
    pipeline.send(logins(3))
    assert pipeline.load().code == 0
    name = pipeline.env["PGDATABASE"]
    pipeline.sql(f"alter database {name} set statement_timeout = '500ms'")
    with locked(pipeline, 4):
        set_up = pipeline.vault("init")
    assert set_up.code == 0, set_up.output
    pipeline.sql(f"alter database {name} set lock_timeout = '500ms'")
    with locked(pipeline, 4):
        built = pipeline.dbt("build")
    assert built.code == 0, built.output


@pytest.mark.parametrize("setting", ["lock_timeout", "statement_timeout"])
def test_a_timeout_of_somebody_else_is_named(pipeline: Pipeline, setting: str) -> None:
    pipeline.send(logins(3))
    pipeline.vault("init")
    with pipeline.connect() as other:
        other.execute("begin; lock table raw.raw_logins in exclusive mode")
        options = f"-c {setting}=300ms"
        failed = pipeline.load("--wait", "0", PGOPTIONS=options)
    assert failed.code == 1
    assert f"or raise {setting} (of the database, the user or PGOPTIONS)" in one_line(failed)


READ_ONLY = "Postgres is read-only: unset default_transaction_read_only (of the database, the user"


@pytest.mark.parametrize("is_set_up", [True, False], ids=["set up", "empty"])
def test_a_read_only_database_is_named_as_that(pipeline: Pipeline, is_set_up: bool) -> None:
    name = pipeline.env["PGDATABASE"]
    if is_set_up:
        pipeline.vault("init")
    pipeline.send(logins(3))
    pipeline.sql(f"alter database {name} set default_transaction_read_only = on")
    commands = ["loader", "vault init"]
    if is_set_up:
        commands += ["vault erase --user-id user-0001", "vault rotate-key"]
        built = pipeline.dbt("build")
        assert built.code != 0
        assert READ_ONLY in built.output
    for command in commands:
        refused = pipeline.run("python", "-m", *command.split())
        assert refused.code == 2
        assert READ_ONLY in one_line(refused)
    assert pipeline.waiting() == (3, 0)


def test_a_profile_without_the_isolation_that_a_build_needs_is_refused(
    pipeline: Pipeline, tmp_path: Path
) -> None:
    pipeline.vault("init")
    name = pipeline.env["PGDATABASE"]
    pipeline.sql(f"alter database {name} set default_transaction_isolation = 'repeatable read'")
    profile = (ROOT / "profiles.yml").read_text("utf-8")
    start, end = profile.index("      role: "), profile.index("      threads: ")
    theirs = profile[:start] + "      role: login_transformer\n" + profile[end:]
    (tmp_path / "profiles.yml").write_text(theirs, "utf-8")
    settings = {"DBT_PROFILES_DIR": str(tmp_path), "DBT_TARGET_PATH": str(tmp_path / "target")}
    refused = pipeline.dbt("build", **settings)
    assert refused.code != 0
    assert (
        "A build needs READ COMMITTED, and the session has repeatable read: take the role of "
        "profiles.yml, or run `alter role postgres set default_transaction_isolation = "
        "'read committed'`"
    ) in refused.output
    pipeline.sql("alter role postgres set default_transaction_isolation = 'read committed'")
    try:
        built = pipeline.dbt("build", **settings)
        assert built.code == 0, built.output
    finally:
        pipeline.sql("alter role postgres reset default_transaction_isolation")
