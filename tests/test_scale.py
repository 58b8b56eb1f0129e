"""The model of cost follows the load and names the limit that binds; the document quotes it."""

import subprocess
import sys
from dataclasses import replace

import pytest

from benchmarks import coefficients, model
from benchmarks.bench_cost import table
from benchmarks.coefficients import MEASURED
from benchmarks.model import Database, Load
from benchmarks.scale import assumptions, bill, report
from tests.conftest import ROOT

DOCUMENT = (ROOT / "docs/scale.md").read_text("utf-8")
SMALL = Load(1000)


def run(*arguments: str) -> subprocess.CompletedProcess[str]:
    return subprocess.run(
        [sys.executable, "-m", "benchmarks.scale", *arguments],
        cwd=ROOT,
        check=False,
        capture_output=True,
        text=True,
    )


@pytest.mark.parametrize(
    "demand",
    [
        model.requests_a_month,
        model.in_flight,
        model.loader_cores,
        model.postgres_cores,
        model.random_pages,
        model.wal_bytes,
        model.written_bytes,
    ],
)
def test_twice_the_messages_are_twice_the_work(demand: model.Demand) -> None:
    assert demand(SMALL) > 0
    assert demand(replace(SMALL, messages_per_second=2000)) == pytest.approx(2 * demand(SMALL))


@pytest.mark.parametrize(
    ("requests", "dollars"),
    [
        (0, 0),
        (1e6, 0.40),
        (100e9, 40_000),
        (100e9 + 1e6, 40_000.30),
        (200e9, 70_000),
        (200e9 + 1e6, 70_000.24),
        (300e9, 94_000),
    ],
)
def test_sqs_requests_cost_what_their_tier_does(requests: float, dollars: float) -> None:
    assert model.sqs_dollars(requests) == pytest.approx(dollars)


def test_a_second_of_messages_takes_a_fifth_as_many_requests() -> None:
    seconds = coefficients.HOURS_A_MONTH * 3600
    assert model.requests_a_month(Load(1)) == pytest.approx(0.2 * seconds, rel=0.01)


def test_no_messages_need_the_least_there_is() -> None:
    nothing = Load(0)
    assert model.requests_a_month(nothing) == 0
    assert model.loader_processes(nothing) == 1
    assert sum(model.storage(nothing).values()) == 0
    assert model.database(nothing) == Database(coefficients.SINGLE, 1, 2)
    assert "a million messages" not in report(nothing)


def test_a_process_is_added_when_those_there_are_busy() -> None:
    one = coefficients.UTILISATION * 1e6 / MEASURED["land: program CPU s"]
    assert model.loader_processes(Load(one * 0.999)) == 1
    assert model.loader_processes(Load(one * 1.001)) == 2


def test_storage_is_bodies_then_tombstones_and_a_row_for_each_login() -> None:
    kept = model.storage(Load(1, retention_days=10, purge_days=4))
    day = 86_400
    indexes = MEASURED["raw_logins: indexes bytes"]
    assert kept["raw"] == 4 * day * (MEASURED["raw_logins: table bytes"] + indexes)
    assert kept["tombstones"] == 6 * day * (MEASURED["tombstone: table bytes"] + indexes)
    never = model.storage(Load(1, retention_days=10, purge_days=10))
    assert never["tombstones"] == 0
    assert never["user_logins"] == kept["user_logins"]
    assert sum(never.values()) > sum(kept.values())


def test_what_is_not_purged_costs_no_purge() -> None:
    purged = replace(SMALL, purge_days=29)
    never = replace(SMALL, purge_days=30)
    assert model.postgres_cores(never) < model.postgres_cores(purged)


def test_more_builds_count_a_day_again_more_often() -> None:
    assert replace(SMALL, builds_per_day=1).counted_again == 1
    assert SMALL.counted_again == 12.5
    assert model.postgres_cores(replace(SMALL, builds_per_day=48)) > model.postgres_cores(SMALL)


def test_pages_are_read_as_soon_as_they_are_not_in_memory() -> None:
    assert model.missed(SMALL, memory_bytes=1e15) == 0
    half = model.missed(SMALL, 1e11)
    assert 0 < half < model.missed(SMALL, 1e10) < 1
    assert model.build_seconds(SMALL, 1e15) < model.build_seconds(SMALL, 1e11)
    assert model.disk_operations(SMALL, 1e15) == model.random_pages(SMALL)


def test_the_database_is_the_smallest_that_is_enough() -> None:
    for rate in (10, 100, 250, 1000, 50_000):
        load = Load(rate)
        chosen = model.database(load)
        assert max(chosen.used(load).values()) <= 1
        if chosen.each > 2:
            smaller = replace(chosen, each=chosen.each // 2)
            assert max(smaller.used(load).values()) > 1 or chosen.nodes > 2
        if chosen.nodes > 2:
            fewer = replace(chosen, nodes=chosen.nodes - 1)
            assert max(fewer.used(load).values()) > 1
        if chosen.nodes > 1:
            assert max(model.LARGEST.used(load).values()) > 1
    assert model.database(Load(100)).nodes == 1
    assert model.database(Load(50_000)).nodes > 2


def test_a_resource_decides_that_is_used_most(monkeypatch: pytest.MonkeyPatch) -> None:
    load = Load(100_000)
    assert model.database(load).decides(load) == "disk operations"
    monkeypatch.setattr(coefficients, "NODE_OPERATIONS", 1e12)
    monkeypatch.setattr(coefficients, "NODE_TIB", 1)
    assert model.database(load).decides(load) == "bytes of storage"


def test_limits_come_in_the_order_in_which_they_are_met() -> None:
    found = model.limits(SMALL)
    rates = [rate for _, _, rate in found]
    assert rates == sorted(rates)
    for name, used, rate in found:
        assert used == model.shares(SMALL)[name]
        at = model.shares(Load(rate))[name]
        assert at == pytest.approx(1, rel=0.001)
    first, _, rate = found[0]
    just_after = model.shares(Load(rate * 1.001))
    assert [name for name, used in just_after.items() if used > 1] == [first]


def test_the_limit_named_first_is_the_one_that_binds(monkeypatch: pytest.MonkeyPatch) -> None:
    monkeypatch.setattr(coefficients, "MOST_IN_FLIGHT", 10)
    assert model.limits(SMALL)[0][0].startswith("one queue")
    monkeypatch.setattr(coefficients, "FREEZE_AFTER", 1)
    assert "freeze" in model.limits(SMALL)[0][0]


def test_citus_may_land_at_another_cost(monkeypatch: pytest.MonkeyPatch) -> None:
    cluster = Database(coefficients.WORKER, 4, 64)
    one = replace(cluster, nodes=1)
    before, before_one = cluster.used(SMALL), one.used(SMALL)
    monkeypatch.setattr(coefficients, "CITUS_LANDING_CPU", 3.0)
    assert cluster.used(SMALL)["CPU seconds"] > before["CPU seconds"]
    assert one.used(SMALL) == before_one


def test_the_bill_adds_up() -> None:
    lines = bill(SMALL)
    together = f"**{sum(line.dollars for line in lines):,.0f}**"
    assert together in report(SMALL)
    assert all(line.dollars > 0 for line in lines)


def test_a_run_prints_the_report_and_what_it_assumes() -> None:
    load = Load(50, retention_days=14, purge_days=3, builds_per_day=12)
    done = run(
        "--messages-per-second=50", "--retention-days=14", "--purge-days=3", "--builds-per-day=12"
    )
    assert done.returncode == 0, done.stderr
    assert done.stdout == f"{report(load)}\n\n{assumptions(load)}\n"
    assert "rows deleted after 14" in done.stdout


@pytest.mark.parametrize(
    ("arguments", "reason"),
    [
        (["--messages-per-second=-1"], "'-1' is no number of 0 or more"),
        (["--messages-per-second=many"], "'many' is no number"),
        (["--messages-per-second=inf"], "'inf' is no number"),
        (["--builds-per-day=0"], "--builds-per-day: at least 1"),
        (["--retention-days=5", "--purge-days=6"], "--purge-days: not more than"),
    ],
)
def test_a_load_that_makes_no_sense_is_refused(arguments: list[str], reason: str) -> None:
    done = run(*arguments)
    assert done.returncode == 2
    assert reason in done.stderr
    assert not done.stdout


def test_a_load_that_no_cluster_holds_is_told() -> None:
    done = run("--messages-per-second=1e9")
    assert done.returncode == 1
    assert done.stderr == "scale: a cluster of 2,000 nodes is not enough\n"
    assert not done.stdout


@pytest.mark.parametrize("rate", [1_000, 100_000, 1_000_000])
def test_the_document_shows_what_is_calculated(rate: int) -> None:
    assert f"\n{report(Load(rate))}\n" in DOCUMENT


def test_the_document_shows_what_was_measured_and_is_assumed() -> None:
    assert f"\n{table(MEASURED)}\n" in DOCUMENT
    assert f"\n{assumptions(Load(1))}\n" in DOCUMENT
