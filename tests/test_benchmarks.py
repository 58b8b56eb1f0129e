"""The benchmarks run, on programs that do their work. No figure is judged here."""

import json
import re
import subprocess
import sys
from collections import Counter
from collections.abc import Iterator
from pathlib import Path

import pytest

from benchmarks.measure import Bench, BenchmarkError, Measurement, bench, database, former
from benchmarks.rows import Row, ratios
from tests.conftest import ROOT

NAMES = {
    "0 ms a call": {
        "naive": 1,
        "sequential": 1,
        "loader": 2,
        "2 loaders": 2,
        "ceiling": 2,
        "COPY": 1,
    },
    "large bodies": {"3 behind 100 small": 2},
}
"""How many rows each program has: two if it is compared to a commit."""

RATIO = re.compile(r"\d+\.\d\d \(\d+\.\d\d\.\.\d+\.\d\d\)")


def test_a_quick_run_measures_every_program() -> None:
    quick = ("--quick", "--rounds", "1", "--against", "HEAD")
    done = subprocess.run(
        [sys.executable, "-m", "benchmarks.bench_loader", *quick],
        cwd=ROOT,
        check=False,
        capture_output=True,
        text=True,
        timeout=300,
    )
    assert done.returncode == 0, done.stderr
    saved = Path(done.stdout.rpartition(" ")[2].strip())
    results = json.loads(saved.read_text())
    saved.unlink()
    measured: dict[str, Counter[str]] = {}
    for row in results["rows"]:
        assert row["name"] in done.stdout
        measured.setdefault(row["scenario"], Counter())[row["name"].partition(",")[0]] += 1
        (run,) = row["runs"]
        assert run["messages"] > 0
        assert run["seconds"] > 0
        if row["name"] != "COPY":
            assert run["requests"] >= run["messages"] * 0.2
            assert run["cpu_seconds"] > 0
            assert run["peak_mib"] > 10
        if row["large"]:
            assert run["messages"] == 103
    assert measured == NAMES
    assert results["idle"].keys() == {"loader", "loader, HEAD"}
    compared = done.stdout.partition("loader / commit")[2]
    for name in ("0 ms a call: loader", "0 ms a call: 2 loaders", "large bodies: 3 behind 100"):
        [line] = [line for line in compared.splitlines() if line.startswith(name)]
        # Rate, requests and memory; the CPU of few messages may drown in that of the start.
        assert len(RATIO.findall(line)) >= 3


def test_ratios_are_those_of_the_same_round() -> None:
    def row(commit: str, seconds: list[float]) -> Row:
        runs = [Measurement(100, s, 20, 2.0, 50.0) for s in seconds]
        empty = [Measurement(0, 1.0, 5, 1.0, 40.0) for _ in seconds]
        return Row("here", "loader", ["loader"], 100, commit=commit, runs=runs, empty_runs=empty)

    # The second round is slow for both: medians apart would say 1.5.
    rows = [row("", [1.0, 8.0, 2.0]), row("old", [3.0, 16.0, 2.0])]
    line = ratios(rows).splitlines()[-1]
    assert line.split(maxsplit=2)[2].startswith("2.00 (1.00..3.00)")
    assert line.count("1.00 (1.00..1.00)") == 3


def test_a_commit_that_git_does_not_know_is_named() -> None:
    with pytest.raises(BenchmarkError, match="git archive no-such-commit"):  # noqa: SIM117
        with former("no-such-commit", {}):
            pass


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


def test_an_idle_program_is_asked_how_often_it_polls(on: Bench) -> None:
    on.run(["loader"])  # what other tests left in the queue
    assert on.idle(["loader", "--follow", "--quiet"], 6) in (600, 1200)
    with pytest.raises(BenchmarkError, match="vault exits"):
        on.idle(["vault", "no-such-command"], 1)
