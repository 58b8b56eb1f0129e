"""One fault of Postgres at a time, and a stop in each phase: the rows of docs/delivery.md."""

import os
import signal
import socket
import subprocess
import threading
import time
import urllib.error
import urllib.request
from collections.abc import Iterator
from contextlib import contextmanager

import pytest

from sandbox.fake_sqs.faults import Fault
from tests.conftest import ROOT, Pipeline, one_line, slowed
from tests.faults import Faulty, faulty, sleeping, until
from tests.logins import login, logins

STOP_SECONDS = 10


@pytest.fixture
def faults(pipeline: Pipeline) -> Iterator[Faulty]:
    pipeline.vault("init")
    with faulty(pipeline) as made:
        yield made


@contextmanager
def outage(pipeline: Pipeline) -> Iterator[None]:
    """End all connections to the database, and let nobody in."""
    name = pipeline.env["PGDATABASE"]
    with pipeline.connect(dbname="postgres") as connection:
        connection.execute(f"alter database {name} allow_connections false".encode())
        try:
            connection.execute(
                "select pg_terminate_backend(pid) from pg_stat_activity where datname = %s", [name]
            )
            yield
        finally:
            connection.execute(f"alter database {name} allow_connections true".encode())


def test_postgres_refuses_at_the_start(faults: Faulty) -> None:
    faults.send(logins(20))
    with outage(faults.pipeline):
        refused = faults.load("--wait", "1")
    assert refused.code == 1
    assert "cannot reach Postgres" in one_line(refused)
    assert faults.calls("ReceiveMessage") == 0
    faults.rerun_and_check()


def test_postgres_that_starts_late_is_waited_for(faults: Faulty) -> None:
    faults.send(logins(20))
    with faults.loading() as loader, outage(faults.pipeline):
        time.sleep(3)
        assert loader.poll() is None
    assert faults.runs[-1].code == 0
    faults.rerun_and_check()


def test_a_postgres_that_does_not_answer_is_away(faults: Faulty) -> None:
    faults.send(logins(20))
    with socket.create_server(("127.0.0.1", 0)) as silent:
        refused = faults.load("--wait", "1", PGPORT=str(silent.getsockname()[1]))
    assert refused.code == 1
    assert "cannot reach Postgres: no answer within 5s" in one_line(refused)
    faults.rerun_and_check()


def test_the_backend_is_terminated_in_mid_chunk(faults: Faulty) -> None:
    faults.send(logins(300))
    with slowed(faults.pipeline, "raw.raw_logins", 3), faults.loading():
        until(lambda: sleeping(faults.pipeline))
        faults.pipeline.sql(
            "select pg_terminate_backend(pid) from pg_stat_activity where wait_event = 'PgSleep'"
        )
    assert faults.runs[-1].code == 0, faults.runs[-1].output
    assert "landed 300," in faults.runs[-1].stdout
    assert faults.pipeline.value("select max(receive_count) from raw.raw_logins") == 1
    faults.rerun_and_check()


def test_15_seconds_without_postgres_send_nothing_to_the_dead_letter_queue(faults: Faulty) -> None:
    faults.send(logins(80))
    with faults.loading("--follow") as loader:
        until(lambda: faults.rows()[0] == 80)
        with outage(faults.pipeline):
            faults.send([login(number) for number in range(100, 400)])
            time.sleep(15)
            receives = faults.calls("ReceiveMessage")
            time.sleep(1)
            assert faults.calls("ReceiveMessage") == receives  # none while nothing can land
        until(lambda: faults.rows()[0] == 380)
        loader.terminate()
    assert "Postgres is back after" in faults.runs[-1].stderr
    assert faults.pipeline.value("select max(receive_count) from raw.raw_logins") == 1
    faults.rerun_and_check()


def test_postgres_away_for_longer_than_we_wait(faults: Faulty) -> None:
    faults.send(logins(80))
    with slowed(faults.pipeline, "raw.loads", 3), faults.loading("--wait", "3") as loader:
        until(lambda: sleeping(faults.pipeline))
        with outage(faults.pipeline):
            assert loader.wait(20) == 1
    assert "cannot reach Postgres" in faults.runs[-1].stderr
    assert faults.held() == 0
    faults.rerun_and_check()


def test_a_lock_timeout_is_tried_again(faults: Faulty) -> None:
    faults.send(logins(80))
    settings = "-c lock_timeout=300ms"
    with faults.pipeline.connect() as other, faults.loading(PGOPTIONS=settings) as loader:
        other.execute("begin; lock table raw.raw_logins in exclusive mode")
        until(lambda: faults.held() > 0)
        time.sleep(5)
        assert loader.poll() is None
        other.execute("commit")
    assert faults.runs[-1].code == 0, faults.runs[-1].output
    assert faults.pipeline.value("select max(receive_count) from raw.raw_logins") == 1
    faults.rerun_and_check()


@pytest.mark.parametrize(
    ("spoil", "mend", "code", "words"),
    [
        (
            "alter database logins set default_transaction_read_only = on",
            "alter database logins reset default_transaction_read_only",
            2,
            "unset default_transaction_read_only",
        ),
        (
            "alter table raw.loads rename to elsewhere",
            "alter table raw.elsewhere rename to loads",
            3,
            "let an administrator run `python -m vault init`",
        ),
        (
            "revoke execute on function raw.land from login_loader",
            "grant execute on function raw.land to login_loader",
            3,
            "permission denied for function land",
        ),
    ],
    ids=["read-only", "missing table", "missing grant"],
)
def test_what_time_does_not_heal_ends_the_run(
    faults: Faulty, spoil: str, mend: str, code: int, words: str
) -> None:
    faults.send(logins(80))
    faults.pipeline.sql(spoil)
    refused = faults.load()
    assert refused.code == code
    assert words in one_line(refused)
    assert faults.held() == 0
    with faults.pipeline.connect(options="-c default_transaction_read_only=off") as connection:
        connection.execute(mend.encode())
    faults.rerun_and_check()


# A stop


@contextmanager
def stopping(faults: Faulty, *arguments: str, signals: int = 1, at_once: int = 0) -> Iterator[None]:
    """Run the loader; after the block send it SIGTERM, and insist on an end in good order."""
    with faults.loading(*arguments, at_once=at_once) as loader:
        yield
        for _ in range(signals):
            loader.terminate()
            sent = time.monotonic()
            time.sleep(0.3 if signals > 1 else 0)
        loader.wait(STOP_SECONDS)
        assert time.monotonic() - sent < STOP_SECONDS
        assert faults.held() == 0 or signals > 1


def test_sigterm_while_idle(faults: Faulty) -> None:
    with stopping(faults, "--follow"):
        until(lambda: faults.calls("ReceiveMessage") > 1)
    assert "stopped by a signal, ended in good order" in faults.runs[-1].stderr
    assert faults.runs[-1].code == 1
    faults.rerun_and_check()


def test_sigterm_while_receiving(faults: Faulty) -> None:
    faults.endpoint.latency = 0.02
    faults.send(logins(4000))
    with stopping(faults):
        until(lambda: faults.rows()[0] > 0)
    assert faults.runs[-1].code == 1
    landed = faults.rows()[0]
    assert f"landed {landed}, already there 0, quarantined 0, deleted {landed};" in (
        faults.runs[-1].stdout
    )
    faults.rerun_and_check()


def test_sigterm_while_landing_lets_it_land(faults: Faulty) -> None:
    faults.send(logins(80))
    with slowed(faults.pipeline, "raw.loads", 2), stopping(faults, at_once=80):
        until(lambda: sleeping(faults.pipeline))
    assert faults.runs[-1].code == 1
    assert "landed 80," in faults.runs[-1].stdout
    assert faults.rerun_and_check().stdout.startswith("received 0,")


def test_sigterm_while_a_statement_hangs(faults: Faulty) -> None:
    faults.send(logins(80))
    with faults.pipeline.connect() as other:
        other.execute("begin; lock table raw.raw_logins in exclusive mode")
        with stopping(faults, at_once=80):
            until(lambda: faults.held() == 80)
        assert "Postgres" in faults.runs[-1].stderr
        assert faults.runs[-1].code == 1
    faults.rerun_and_check()


def test_sigterm_while_postgres_is_away(faults: Faulty) -> None:
    faults.send(logins(80))
    with slowed(faults.pipeline, "raw.loads", 3), stopping(faults):
        until(lambda: sleeping(faults.pipeline))
        with outage(faults.pipeline):
            time.sleep(1)
    faults.rerun_and_check()


def test_sigterm_while_a_standby_does_not_answer(faults: Faulty) -> None:
    """A COMMIT that is cancelled says that it is done, and the standby does not have it."""
    faults.send(logins(80))
    waiting = "select count(*) from pg_stat_activity where wait_event = 'SyncRep'"
    with faults.pipeline.connect() as other:
        other.execute("alter system set synchronous_standby_names = 'away'")
        other.execute("select pg_reload_conf()")
        try:
            with stopping(faults, at_once=80):
                until(lambda: bool(faults.pipeline.value(waiting)))
        finally:
            other.execute("alter system reset synchronous_standby_names")
            other.execute("select pg_reload_conf()")
    assert faults.runs[-1].code == 1
    assert "landed 0, already there 0, quarantined 0, deleted 0;" in faults.runs[-1].stdout
    assert "landed 0, already there 80," in faults.rerun_and_check().stdout


@pytest.mark.parametrize("action", ["DeleteMessageBatch", "ReceiveMessage"])
@pytest.mark.parametrize("kind", ["unavailable", "hang"])
def test_sigterm_while_sqs_is_away(faults: Faulty, action: str, kind: str) -> None:
    faults.send(logins(80))
    seconds = 30 if kind == "hang" else None
    fault = faults.endpoint.inject(Fault(kind, action, after=1, seconds=seconds))
    with stopping(faults):
        until(lambda: fault.hits > 0)
    assert faults.runs[-1].code in (1, 4)
    faults.rerun_and_check()


def test_sigterm_while_waiting_for_messages_of_others(faults: Faulty) -> None:
    faults.send(logins(7))
    faults.client().receive_message(
        QueueUrl=faults.url(), MaxNumberOfMessages=7, VisibilityTimeout=12
    )
    with faults.loading() as loader:
        until(lambda: faults.calls("ReceiveMessage") > 3)
        loader.terminate()
        assert loader.wait(STOP_SECONDS) == 1
    faults.rerun_and_check()


def test_sigterm_twice_ends_at_once(faults: Faulty) -> None:
    faults.send(logins(80))
    with slowed(faults.pipeline, "raw.loads", 5), stopping(faults, signals=2):
        until(lambda: sleeping(faults.pipeline))
    assert faults.runs[-1].code == -signal.SIGTERM
    faults.rerun_and_check()


def test_sigterm_to_several_loaders(faults: Faulty) -> None:
    faults.endpoint.latency = 0.02
    faults.send(logins(4000))
    with faults.loading() as first, faults.loading() as second:
        until(lambda: faults.rows()[0] > 0)
        for loader in (first, second):
            loader.terminate()
        for loader in (first, second):
            # One of them may still be starting, and holds nothing.
            assert loader.wait(STOP_SECONDS) in (1, -signal.SIGTERM)
        assert faults.held() == 0
    assert 1 in [run.code for run in faults.runs]
    faults.rerun_and_check()


def test_a_stop_releases_what_sqs_refuses_at_first(faults: Faulty) -> None:
    faults.send(logins(80))
    faults.endpoint.inject(Fault("partial", "ChangeMessageVisibilityBatch", times=8))
    with faults.pipeline.connect() as other:
        other.execute("begin; lock table raw.raw_logins in exclusive mode")
        with stopping(faults, at_once=80):
            until(lambda: faults.held() == 80)
    faults.rerun_and_check()


@pytest.mark.parametrize("seconds", [0.3, 1.0, 1.5])
def test_sigterm_while_it_starts(faults: Faulty, seconds: float) -> None:
    faults.send(logins(10))
    with subprocess.Popen(
        ["python", "-m", "loader"],
        env=faults.pipeline.env,
        cwd=ROOT,
        stderr=subprocess.PIPE,
        text=True,
        start_new_session=True,
    ) as loader:
        time.sleep(seconds)
        os.killpg(loader.pid, signal.SIGTERM)
        _, stderr = loader.communicate(timeout=STOP_SECONDS)
    assert "Traceback" not in stderr
    assert loader.returncode in (1, -signal.SIGTERM)
    faults.rerun_and_check()


# Modes


def test_max_seconds_ends_a_run_on_a_queue_that_never_empties(faults: Faulty) -> None:
    is_over = threading.Event()

    def keep_sending() -> None:
        while not is_over.is_set():
            faults.send(logins(10))

    sender = threading.Thread(target=keep_sending)
    sender.start()
    try:
        loaded = faults.load("--max-seconds", "3")
    finally:
        is_over.set()
        sender.join()
    assert loaded.code == 1
    assert "--max-seconds are over, ended in good order: run again for the rest" in one_line(loaded)
    assert faults.held() == 0
    faults.rerun_and_check()


def test_follow_lands_what_comes_and_tells_how_it_is(faults: Faulty) -> None:
    with socket.socket() as probe:
        probe.bind(("", 0))
        port = probe.getsockname()[1]

    def get(path: str) -> str:
        with urllib.request.urlopen(f"http://127.0.0.1:{port}{path}") as answer:
            return str(answer.read().decode())

    with faults.loading("--follow", "--metrics-port", str(port)) as loader:
        for number in range(3):
            faults.send([login(number), "{" * (number + 1)])
            until(lambda: faults.rows()[0] == faults.sent)
        until(lambda: "loader_deleted_total 6.0" in get("/metrics"))
        metrics = get("/metrics")
        with socket.create_connection(("127.0.0.1", port)):  # and says nothing
            assert get("/healthz") == "ok\n"
        assert get("/healthz") == "ok\n"
        loader.terminate()
    assert "loader_received_total 6.0" in metrics
    assert "loader_landed_total 3.0" in metrics
    assert "loader_quarantined_total 3.0" in metrics
    assert "loader_in_flight 0.0" in metrics
    assert "loader_chunk_seconds_count 3.0" in metrics
    with pytest.raises(urllib.error.URLError):
        get("/healthz")
    faults.rerun_and_check()
