"""The benchmark of cost runs, and measures what was used. How much that is, no test asks."""

import json
import subprocess
import sys
from collections.abc import Iterator
from pathlib import Path

import psycopg
import pytest

from benchmarks.bench_cost import WHAT, table
from benchmarks.coefficients import MEASURED
from benchmarks.measure import Bench, bench, database
from benchmarks.meter import Meter
from sandbox.fake_sqs.bodies import bodies, returning
from tests.conftest import ROOT

SPINNING = "do $$ begin while clock_timestamp() < now() + interval '1 s' loop end loop; end $$"


def test_a_quick_run_measures_every_stage() -> None:
    done = subprocess.run(
        [sys.executable, "-m", "benchmarks.bench_cost", "--quick"],
        cwd=ROOT,
        check=False,
        capture_output=True,
        text=True,
        timeout=600,
    )
    assert done.returncode == 0, done.stderr
    saved = Path(done.stdout.rpartition(" ")[2].strip())
    figures = json.loads(saved.read_text())["figures"]
    saved.unlink()
    assert figures.keys() >= MEASURED.keys()
    assert table(figures) in done.stdout
    assert all(what in done.stdout for what in WHAT.values())
    # What must have been used, however few messages there were.
    assert figures["land: SQS requests"] >= 0.2
    assert figures["land: transaction ids"] > 1 / 500
    # So few that it may drown in what is taken off
    assert figures["land: program CPU s"] >= 0
    assert figures["land: WAL bytes"] > 500
    assert figures["mask: WAL bytes"] > 500
    assert figures["purge: WAL bytes"] > 100
    assert figures["land: random pages"] > 0
    assert 0 < figures["page image: bytes"] <= 8192
    assert 24 < figures["tombstone: table bytes"] < 500
    assert figures["idle build: program CPU s"] > 0


def test_people_come_back() -> None:
    first = [json.loads(body) for body in returning(0, 2000, people=100)]
    later = [json.loads(body) for body in returning(2000, 2000, people=100)]
    assert first[0].keys() == json.loads(next(bodies(1))).keys()
    for name, most in (("user_id", 100), ("ip", 200), ("device_id", 150)):
        there = {login[name] for login in first}
        assert most * 0.9 < len(there) <= most
        assert {login[name] for login in later} & there
    assert first[:100] != later[:100]


@pytest.fixture(scope="module")
def on() -> Iterator[Bench]:
    with database() as (settings, logs), bench(settings, logs, latency_ms=0) as running:
        yield running


def test_the_cpu_of_a_session_counts_also_when_it_has_ended(on: Bench) -> None:
    meter = Meter(on.connection)
    info = on.connection.info
    with (
        meter.running() as used,
        psycopg.connect(info.dsn, password=info.password) as other,
    ):
        other.execute(SPINNING)
        other.close()
    assert used[0].postgres_cpu > 0.2
    with meter.running() as idle:
        pass
    assert idle[0].postgres_cpu < used[0].postgres_cpu


def test_the_log_is_that_of_what_ran(on: Bench) -> None:
    meter = Meter(on.connection)
    on.connection.execute("create table meter (id integer)")
    with meter.running() as few:
        on.connection.execute("insert into meter select generate_series(1, 10)")
    with meter.running() as many:
        on.connection.execute("insert into meter select generate_series(1, 10000)")
    assert many[0].wal_bytes > 100 * few[0].wal_bytes > 0
    assert few[0].transactions == many[0].transactions == 1
    assert many[0].image_bytes == 0
    on.connection.execute("checkpoint")
    with meter.running() as whole:
        on.connection.execute("update meter set id = -1 where id = 1")
    assert whole[0].image_bytes > 0
