"""What runs inside a container: commands in turn that can be stopped, and the health check."""

import signal
import subprocess
import sys
import time
from pathlib import Path

import pytest

from tests.conftest import Pipeline
from tests.logins import logins

IN_TURN = ("-m", "deploy.in_turn")


def in_turn(*words: str) -> subprocess.CompletedProcess[str]:
    return subprocess.run(
        [sys.executable, *IN_TURN, *words], check=False, capture_output=True, text=True, timeout=30
    )


def test_commands_run_in_turn_until_one_fails() -> None:
    done = in_turn("echo", "a", ",", "echo", "b")
    assert (done.returncode, done.stdout) == (0, "a\nb\n")
    failed = in_turn("sh", "-c", "exit 3", ",", "echo", "b")
    assert (failed.returncode, failed.stdout) == (3, "")
    killed = in_turn("sh", "-c", "kill -KILL $$", ",", "echo", "b")
    assert (killed.returncode, killed.stdout) == (137, "")
    missing = in_turn("no-such-command", ",", "echo", "b")
    assert (missing.returncode, missing.stdout) == (127, "")
    assert missing.stderr == "in_turn: cannot run no-such-command: No such file or directory\n"


@pytest.mark.parametrize("number", [signal.SIGTERM, signal.SIGINT])
def test_a_stop_reaches_the_command_and_nothing_comes_after_it(
    tmp_path: Path, number: signal.Signals
) -> None:
    slow = f"import time; open('{tmp_path}/began', 'w'); time.sleep(30)"
    with subprocess.Popen(
        [sys.executable, *IN_TURN, sys.executable, "-c", slow, ",", "touch", f"{tmp_path}/after"],
        stderr=subprocess.DEVNULL,
    ) as running:
        while not (tmp_path / "began").exists():
            time.sleep(0.05)
        running.send_signal(number)
        assert running.wait(10) == 143
    assert not (tmp_path / "after").exists()


def test_a_stopped_build_ends_in_order(pipeline: Pipeline, tmp_path: Path) -> None:
    """At once, though it waits; its session ends too, and the next build goes on from there."""
    pipeline.send(logins(3))
    pipeline.build()
    pipeline.send(logins(5))
    assert pipeline.load().code == 0
    waiting = "from pg_stat_activity where wait_event_type = 'Lock'"
    with pipeline.connect() as holder, holder.transaction():
        holder.execute("lock table user_logins in access exclusive mode")
        with (
            (tmp_path / "log").open("w") as log,
            subprocess.Popen(
                [sys.executable, *IN_TURN, "dbt", "build", ",", "touch", f"{tmp_path}/after"],
                env=pipeline.env,
                stdout=log,
            ) as build,
        ):
            deadline = time.monotonic() + 100
            while build.poll() is None and not pipeline.value(f"select count(*) {waiting}"):
                assert time.monotonic() < deadline
                time.sleep(0.1)
            build.send_signal(signal.SIGTERM)
            assert build.wait(5) == 143, (tmp_path / "log").read_text()
        deadline = time.monotonic() + 10
        while pipeline.value(f"select count(*) {waiting}"):
            assert time.monotonic() < deadline
            time.sleep(0.1)
    assert not (tmp_path / "after").exists()
    assert pipeline.value("select count(*) from user_logins") == 3
    pipeline.build()
    assert pipeline.value("select count(*) from user_logins") == 8


def health(pid: int) -> int:
    return subprocess.run(
        [sys.executable, "-m", "deploy.health", str(pid)], check=False, capture_output=True
    ).returncode


@pytest.mark.parametrize(
    ("words", "code"),
    [(["dbt", "build"], 0), (["--metrics-port", "9"], 1), (["--metrics-port=9"], 1)],
)
def test_only_a_loader_that_serves_its_health_is_asked(words: list[str], code: int) -> None:
    """The loader itself, healthy and stuck, is asked in test_compose.py and test_loader.py."""
    with subprocess.Popen(["sh", "-c", "read line", *words], stdin=subprocess.PIPE) as process:
        assert health(process.pid) == code
