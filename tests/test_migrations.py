"""Set-up applies each migration once, in order, and stands in nobody's way."""

import json
import re
import subprocess
import sys
import time
from collections.abc import Iterator
from contextlib import contextmanager
from pathlib import Path

import pytest

from common import __version__
from tests.conftest import Pipeline, copy_packages, one_line
from tests.logins import logins
from vault.migrations import migrations

RECORDS = "select number, name, version, applied_by from vault.migration order by number"

LONG = """
do $$
begin
    raise info 'rewriting raw.raw_logins, about % rows: the loader and builds wait for it', (
        select greatest(reltuples, 0) from pg_class where oid = 'raw.raw_logins'::regclass
    );
end
$$;
alter table raw.raw_logins add column extra uuid not null default gen_random_uuid();
"""


@pytest.fixture
def newer(pipeline: Pipeline, tmp_path: Path) -> Path:
    """A version of the project that has one more migration."""
    copy_packages(tmp_path)
    (tmp_path / "vault/migrations/9001_extra.sql").write_text(LONG)
    assert pipeline.vault("init").code == 0
    return tmp_path


@contextmanager
def holding(pipeline: Pipeline, statement: str) -> Iterator[None]:
    """Keep a transaction open in which a statement has run."""
    with pipeline.connect() as connection, connection.transaction():
        connection.execute(statement.encode())
        yield


def test_each_migration_is_recorded_once(pipeline: Pipeline) -> None:
    assert pipeline.vault("init").code == 0
    first = pipeline.sql("select * from vault.migration order by number")
    assert pipeline.sql(RECORDS) == [
        (one.number, one.name, __version__, "postgres") for one in migrations()
    ]
    assert pipeline.vault("init").code == 0
    assert pipeline.sql("select * from vault.migration order by number") == first


def test_migrations_are_numbered_without_a_gap() -> None:
    assert [one.number for one in migrations()] == list(range(1, len(migrations()) + 1))


def test_a_new_migration_is_applied_and_a_long_one_is_announced(
    pipeline: Pipeline, newer: Path
) -> None:
    pipeline.send(logins(12))
    assert pipeline.load().code == 0
    pipeline.sql("analyze raw.raw_logins")
    done = pipeline.at(newer).vault("init")
    assert done.code == 0, done.output
    said = [json.loads(line)["message"] for line in done.stderr.splitlines()]
    assert said == [
        "rewriting raw.raw_logins, about 12 rows: the loader and builds wait for it",
        "the database is ready",
    ]
    assert pipeline.value("select count(distinct extra) from raw.raw_logins") == 12
    assert pipeline.sql(RECORDS)[-1] == (9001, "extra", __version__, "postgres")


def test_a_database_that_is_newer_is_left_alone(pipeline: Pipeline, newer: Path) -> None:
    assert pipeline.at(newer).vault("init").code == 0
    pipeline.sql("drop function vault.recover(bigint)")
    refused = pipeline.vault("init")
    assert refused.code == 2
    assert "the database is newer than this version" in one_line(refused)
    assert "9001 extra" in one_line(refused)
    assert pipeline.value("select to_regprocedure('vault.recover(bigint)')") is None
    examined = pipeline.vault("doctor")
    assert examined.code == 3
    assert re.search("^FAIL  set-up: .*: the database is newer than this", examined.stdout, re.M)


def test_a_migration_that_fails_changes_nothing(pipeline: Pipeline, newer: Path) -> None:
    migration = newer / "vault/migrations/9001_extra.sql"
    migration.write_text(LONG + "select 1 / 0;")
    before = pipeline.sql(RECORDS)
    failed = pipeline.at(newer).vault("init")
    assert failed.code == 2
    assert one_line(failed) == "cannot set up the database: division by zero"
    assert pipeline.sql(RECORDS) == before
    assert not pipeline.sql(
        "select 1 from pg_attribute where attrelid = 'raw.raw_logins'::regclass"
        " and attname = 'extra'"
    )


@pytest.mark.parametrize(
    "harm",
    [
        "delete from vault.migration where number = 3",
        "drop table vault.migration",
        "drop schema vault cascade",
        "drop schema raw cascade; drop schema vault cascade",
    ],
)
def test_the_doctor_prescribes_what_mends_a_database_that_is_half_set_up(
    pipeline: Pipeline, harm: str
) -> None:
    pipeline.vault("init")
    with pipeline.connect() as connection:
        connection.execute(harm.encode())
    examined = pipeline.vault("doctor")
    assert examined.code == 3
    assert not examined.stderr
    finding = "FAIL  set-up: migrations are those of this version: run `python -m vault init`"
    assert finding in examined.stdout.splitlines()
    assert pipeline.vault("init").code == 0
    assert finding not in pipeline.vault("doctor").stdout


def test_set_up_waits_for_others_and_gives_up_before_it_stands_in_their_way(
    pipeline: Pipeline, newer: Path
) -> None:
    with holding(pipeline, "select count(*) from raw.raw_logins"):
        # Nothing is new for it, and it needs no lock that a reader holds.
        assert pipeline.vault("init").code == 0
        refused = pipeline.at(newer).vault("init")
    assert refused.code == 1
    assert "nothing has changed; run again" in one_line(refused)
    assert pipeline.sql(RECORDS)[-1][0] != 9001
    assert pipeline.at(newer).vault("init").code == 0


@pytest.mark.parametrize("parameter", ["statement_timeout", "lock_timeout"])
def test_limits_of_the_database_do_not_end_a_set_up_that_waits_for_another(
    pipeline: Pipeline, parameter: str
) -> None:
    pipeline.vault("init")
    pipeline.sql(f"alter database logins set {parameter} = '500ms'")
    with holding(pipeline, "lock table vault.migration in share row exclusive mode"):
        waiting = subprocess.Popen([sys.executable, "-m", "vault", "init"], env=pipeline.env)
        while not pipeline.value("select count(*) from pg_locks where not granted"):
            assert waiting.poll() is None
        time.sleep(1)
    assert waiting.wait(30) == 0
