"""The benchmarks run, on programs that do their work. No figure is judged here."""

import json
import subprocess
import sys
from collections.abc import Iterator
from pathlib import Path

import pytest

from benchmarks.measure import Bench, BenchmarkError, bench, database
from tests.conftest import ROOT

NAMES = {
    "20 ms a call": {"naive", "sequential", "loader", "loader --processes 2", "ceiling", "COPY"},
    "0 ms a call": {"naive", "sequential", "loader", "loader --processes 2", "ceiling", "COPY"},
    "backlog": {"loader"},
    "large bodies": {"loader"},
}


def test_a_quick_run_measures_every_program() -> None:
    done = subprocess.run(
        [sys.executable, "-m", "benchmarks.bench_loader", "--quick", "--rounds", "1"],
        cwd=ROOT,
        check=False,
        capture_output=True,
        text=True,
        timeout=300,
    )
    assert done.returncode == 0, done.stderr
    saved = Path(done.stdout.rpartition(" ")[2].strip())
    rows = json.loads(saved.read_text())["rows"]
    saved.unlink()
    measured: dict[str, set[str]] = {}
    for row in rows:
        assert row["name"] in done.stdout
        measured.setdefault(row["scenario"], set()).add(row["name"].partition(",")[0])
        (run,) = row["runs"]
        assert run["messages"] > 0
        assert run["seconds"] > 0
        if row["name"] != "COPY":
            assert run["requests"] >= run["messages"] * 0.2
            assert run["cpu_seconds"] > 0
            assert run["peak_mib"] > 10
    assert measured == NAMES


@pytest.fixture(scope="module")
def on() -> Iterator[Bench]:
    with database() as (settings, logs), bench(settings, logs, latency_ms=0) as running:
        yield running


def test_a_program_that_leaves_messages_is_no_yardstick(on: Bench) -> None:
    with pytest.raises(BenchmarkError, match="left 3 messages"):
        on.measure(["vault", "init"], 3)


def test_a_program_that_lands_nothing_is_no_yardstick(on: Bench) -> None:
    with pytest.raises(BenchmarkError, match="landed 0 of 3"):
        on.measure(["benchmarks.ceiling"], 3)


def test_a_program_that_fails_is_no_yardstick(on: Bench) -> None:
    with pytest.raises(BenchmarkError, match="no_such_program"):
        on.measure(["no_such_program"], 3)
