"""The sandbox cleans up after itself, whatever happens, and disturbs nobody."""

import os
import shutil
import signal
import subprocess
import sys
import time
from pathlib import Path

import pytest

from tests.conftest import ROOT

SANDBOX = [sys.executable, "-m", "sandbox"]
SHOW = "echo $PGPORT $AWS_ENDPOINT_URL $SANDBOX_LOGS"


def start(*arguments: str, **env: str) -> "subprocess.Popen[str]":
    return subprocess.Popen(
        [*SANDBOX, *arguments],
        env=os.environ | env,
        cwd=ROOT,
        stdin=subprocess.DEVNULL,
        stdout=subprocess.PIPE,
        stderr=subprocess.PIPE,
        text=True,
    )


def finish(process: "subprocess.Popen[str]") -> tuple[int, str, str]:
    with process:
        stdout, stderr = process.communicate(timeout=60)
    return process.returncode, stdout, stderr


def processes_in(directory: str) -> list[str]:
    """Return the command lines of processes that work in a directory or name it."""
    found = []
    for entry in Path("/proc").glob("[0-9]*"):
        try:
            words = (entry / "cmdline").read_bytes().decode("utf-8", "replace")
            place = str((entry / "cwd").readlink())
        except OSError:
            continue
        if directory in words or place.startswith(directory):
            found.append(words.replace("\0", " "))
    return found


def assert_gone(directory: str) -> None:
    assert directory.startswith("/")
    deadline = time.monotonic() + 15
    while time.monotonic() < deadline:
        if not processes_in(directory) and not Path(directory).exists():
            return
        time.sleep(0.1)
    pytest.fail(f"left behind: {processes_in(directory)}, {Path(directory).exists()=}")


def test_the_exit_code_and_the_output_are_the_commands() -> None:
    code, stdout, _ = finish(start("--", "sh", "-c", f"{SHOW}; exit 7"))
    assert code == 7
    assert_gone(stdout.split()[2])


def test_a_command_that_dies_of_a_signal_ends_as_in_a_shell() -> None:
    code, stdout, _ = finish(start("--", "sh", "-c", f"{SHOW}; kill -9 $$"))
    assert code == 128 + 9
    assert_gone(stdout.split()[2])


@pytest.mark.parametrize("number", [signal.SIGINT, signal.SIGTERM, signal.SIGHUP, signal.SIGKILL])
def test_nothing_is_left_however_the_sandbox_ends(number: signal.Signals) -> None:
    process = start("--", "sh", "-c", f"{SHOW}; exec sleep 60")
    assert process.stdout is not None
    directory = process.stdout.readline().split()[2]
    assert len(processes_in(directory)) >= 2
    os.kill(process.pid, number)
    assert_gone(directory)
    # finish() waits until nobody holds the output open: the command is gone, too.
    assert finish(process)[0] == (-number if number == signal.SIGKILL else 128 + number)


def test_no_server_is_left_when_their_keeper_is_killed() -> None:
    process = start("--", "sh", "-c", f"{SHOW}; exec sleep 60")
    assert process.stdout is not None
    directory = process.stdout.readline().split()[2]
    subprocess.run(["pkill", "-9", "-P", str(process.pid), "-f", "sandbox.keeper"], check=True)
    deadline = time.monotonic() + 15
    while processes_in(directory) and time.monotonic() < deadline:
        time.sleep(0.1)
    assert processes_in(directory) == []
    os.kill(process.pid, signal.SIGTERM)
    finish(process)
    shutil.rmtree(directory)


def test_alone_it_prints_what_to_copy_and_stops_on_ctrl_c() -> None:
    process = start()
    assert process.stdout is not None
    exports = []
    while (line := process.stdout.readline()).startswith("export "):
        exports.append(line)
    assert "Ctrl-C" in line
    script = "".join(exports) + "psql -Atc 'select current_user'; echo $SANDBOX_LOGS"
    shell = subprocess.run(["sh", "-ec", script], check=True, capture_output=True, text=True)
    user, directory = shell.stdout.split()
    assert user == "postgres"
    os.kill(process.pid, signal.SIGINT)
    assert finish(process)[0] == 128 + signal.SIGINT
    assert_gone(directory)


def test_two_at_once_do_not_disturb_each_other(tmp_path: Path) -> None:
    files = []
    for number in range(2):
        files.append(tmp_path / f"{number}.jsonl")
        files[-1].write_text('{"user_id": "u"}\n' * (number + 1))
    pair = [
        start("--messages", str(file), "--", "sh", "-c", f"{SHOW}; python -m loader")
        for file in files
    ]
    results = [finish(process) for process in pair]
    assert [code for code, _, _ in results] == [0, 0], results
    assert "landed 1," in results[0][1]
    assert "landed 2," in results[1][1]
    assert len({stdout.split()[0] for _, stdout, _ in results}) == 2


def test_settings_from_outside_do_not_leak_in() -> None:
    code, stdout, _ = finish(
        start(
            "--",
            "sh",
            "-c",
            "env",
            PGHOST="production.example.com",
            PGSERVICE="production",
            AWS_PROFILE="production",
            LOGIN_QUEUE="production-queue",
            DBT_PROFILES_DIR="/production",
            MASKING_KEY_IP="production",
        )
    )
    assert code == 0
    assert "production" not in stdout


@pytest.mark.parametrize(
    ("arguments", "env", "words"),
    [
        (["--messages", "/no/such/file", "--", "true"], {}, "No such file"),
        (["--", "no-such-command"], {}, "cannot run no-such-command"),
        (["--", "true"], {"PG_BIN": "/no/such/place"}, "set PG_BIN to a directory that has initdb"),
    ],
)
def test_what_is_wrong_is_said_in_one_line(
    arguments: list[str], env: dict[str, str], words: str
) -> None:
    code, _, stderr = finish(start(*arguments, **env))
    assert code == 2
    assert words in stderr
    assert stderr.count("\n") == 1


def test_a_message_that_sqs_refuses_is_named_by_its_line(tmp_path: Path) -> None:
    file = tmp_path / "messages.jsonl"
    file.write_text('{"user_id": "u"}\n\n{"user_id": "v"}\n')
    code, _, stderr = finish(start("--messages", str(file), "--", "true"))
    assert code == 2
    assert "message 2 is refused by SQS" in stderr


def debian_binaries() -> list[Path]:
    return [
        place
        for place in sorted(Path("/usr/lib/postgresql").glob("*/bin"))
        if (place / "postgres").exists() and int(place.parent.name) >= 15
    ]


@pytest.mark.skipif(not debian_binaries(), reason="no PostgreSQL of Debian's is installed")
def test_other_binaries_are_named_by_pg_bin() -> None:
    binaries = debian_binaries()[0]
    code, stdout, stderr = finish(
        start(
            "--",
            "sh",
            "-c",
            "python -m loader && psql -Atc 'show server_version_num'",
            PG_BIN=str(binaries),
        )
    )
    assert code == 0, stderr
    assert "landed 100," in stdout
    assert stdout.split()[-1].startswith(binaries.parent.name)


def interpreter_for_all() -> str | None:
    """Return a Python of our version that every user may run."""
    ours = "{}.{}".format(*sys.version_info)
    for path in (Path(sys.base_prefix) / f"bin/python{ours}", Path(f"/usr/bin/python{ours}")):
        if path.exists() and all(p.stat().st_mode & 0o005 == 0o005 for p in path.parents):
            return str(path)
    return None


@pytest.mark.skipif(os.geteuid() != 0, reason="only root can become somebody else")
@pytest.mark.skipif(interpreter_for_all() is None, reason="no Python that every user may run")
def test_an_ordinary_user_may_run_it_too() -> None:
    """As nobody, with a copy of the code and no home."""
    packages = next(place for place in sys.path if place.endswith("site-packages"))
    place = Path("/tmp") / f"ordinary-{os.getpid()}"  # noqa: S108 tmp_path is root's alone
    shutil.copytree(packages, place / "packages")
    for name in ("common", "loader", "sandbox", "vault"):
        shutil.copytree(ROOT / name, place / name)
    python = str(interpreter_for_all())
    try:
        done = subprocess.run(
            [python, "-m", "sandbox", "--", python, "-m", "loader"],
            env={"PATH": os.environ["PATH"], "PYTHONPATH": str(place / "packages"), "HOME": "/"},
            cwd=place,
            user="nobody",
            group="nogroup",
            extra_groups=[],
            check=False,
            capture_output=True,
            text=True,
            timeout=60,
        )
    finally:
        shutil.rmtree(place)
    assert done.returncode == 0, done.stderr
    assert "landed 100," in done.stdout
