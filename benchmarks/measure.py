"""One program on one full queue, measured from outside."""

import http.client
import json
import os
import platform
import subprocess
import sys
import tempfile
import time
from collections.abc import Iterator, Sequence
from contextlib import ExitStack, contextmanager
from dataclasses import dataclass
from datetime import datetime, timezone
from pathlib import Path
from typing import IO, Any
from urllib.parse import urlencode, urlsplit

import psycopg

from sandbox import environment
from sandbox.citus import create_database
from sandbox.postgres import postgres

ROOT = Path(__file__).parent.parent
QUEUE = "login-queue"
LARGE_BYTES = 2**20
"""The largest message of SQS."""
RESULTS = ROOT / "benchmarks" / "results"


class BenchmarkError(Exception):
    """A program failed, or did not do its work: its figures would be worth nothing."""


@dataclass(frozen=True)
class Measurement:
    """What a program needed for `messages` messages, its start and end not counted in `seconds`."""

    messages: int
    seconds: float
    """From the first receive to the last delete, as the endpoint saw it."""
    requests: int
    cpu_seconds: float
    """Of the program, or of all its copies together."""
    peak_mib: float
    """Resident memory at its peak; of several copies, the largest."""


@dataclass(frozen=True)
class Usage:
    """What a program used, or several that ran at once: see `Measurement`."""

    cpu_seconds: float
    peak_mib: float


class Bench:
    """A database and an endpoint, and programs that move messages from one to the other.

    Programs are modules of the directory `root`. `connection` is a superuser's, in autocommit.
    """

    def __init__(self, settings: dict[str, str], log: Path, root: Path = ROOT) -> None:
        self._environment = environment(settings)
        self._log = log
        self._root = root
        self.connection = psycopg.connect(
            host=settings["PGHOST"],
            port=settings["PGPORT"],
            user=settings["PGUSER"],
            password=settings["PGPASSWORD"],
            dbname=settings["PGDATABASE"],
            autocommit=True,
        )
        self._endpoint = http.client.HTTPConnection(
            urlsplit(settings["AWS_ENDPOINT_URL"]).netloc, timeout=600
        )

    def measure(
        self,
        program: Sequence[str],
        small: int,
        large: int = 0,
        *,
        copies: int = 1,
        lands: bool = True,
    ) -> Measurement:
        """Run `python -m program` on an empty table and a queue with so many small messages.

        Behind them wait `large` messages of 1 MiB. `copies` of the program run at once.
        Raises BenchmarkError if one fails, if messages are left in the queue, or if one is missing
        in the table (unless the program is not to land them).
        """
        messages = small + large
        self.connection.execute("truncate raw.raw_logins, raw.quarantined_messages, raw.loads")
        self.connection.execute("checkpoint")
        self.fill(small)
        if large:
            self.fill(large, body_bytes=LARGE_BYTES)
        _, usage = self.run(program, copies)
        stats = self.stats()
        if stats["left"]:
            raise BenchmarkError(f"{program[0]} left {stats['left']} messages in the queue")
        if lands and (landed := self._landed()) != messages:
            raise BenchmarkError(f"{program[0]} landed {landed} of {messages} messages")
        return Measurement(
            messages=messages,
            seconds=stats["seconds"],
            requests=sum(stats["calls"].values()),
            cpu_seconds=usage.cpu_seconds,
            peak_mib=usage.peak_mib,
        )

    def idle(self, program: Sequence[str], seconds: float) -> float:
        """Return the requests an hour of a program that waits for messages, as in `seconds`.

        What it asks before its first receive does not count.
        """
        self.fill(0)
        with self._log.open("w") as output:
            process = self._start([sys.executable, "-m", *program], output, output)
        try:
            while not self.stats()["calls"].get("ReceiveMessage"):
                if process.poll() is not None:
                    raise BenchmarkError(f"{program[0]} exits {process.returncode}")
                time.sleep(0.1)
            before: int = sum(self.stats()["calls"].values())
            time.sleep(seconds)
            after: int = sum(self.stats()["calls"].values())
            return (after - before) * 3600 / seconds
        finally:
            process.kill()
            process.wait()

    def copy(self, rows: int) -> Measurement:
        """COPY so many rows into the empty table."""
        self.connection.execute("truncate raw.raw_logins")
        self.connection.execute("checkpoint")
        output, _ = self.run(["benchmarks.copy_rows", str(rows)])
        if (landed := self._landed()) != rows:
            raise BenchmarkError(f"COPY landed {landed} of {rows} rows")
        return Measurement(rows, float(output), requests=0, cpu_seconds=0.0, peak_mib=0.0)

    def run(self, program: Sequence[str], copies: int = 1) -> tuple[str, Usage]:
        """Run `python -m program`; see `execute`."""
        return self.execute([sys.executable, "-m", *program], copies)

    def execute(self, command: Sequence[str], copies: int = 1) -> tuple[str, Usage]:
        """Run a command, or copies of it at once, and return the output and what they used.

        Raises BenchmarkError if one fails.
        """
        with ExitStack() as stack:
            runs = []
            for number in range(copies):
                output, errors = (
                    stack.enter_context(self._log.with_suffix(f".{number}.{kind}").open("w+"))
                    for kind in ("out", "err")
                )
                runs.append((self._start(command, output, errors), output, errors))
            outputs, cpu_seconds, peak_mib = "", 0.0, 0.0
            for process, output, errors in runs:
                _, status, used = os.wait4(process.pid, 0)
                process.returncode = os.waitstatus_to_exitcode(status)
                cpu_seconds += used.ru_utime + used.ru_stime
                peak_mib = max(peak_mib, used.ru_maxrss / 1024)
                output.seek(0)
                errors.seek(0)
                if process.returncode:
                    said = errors.read().strip().splitlines()[-1:]
                    name = " ".join(command).removeprefix(f"{sys.executable} -m ")
                    raise BenchmarkError(f"{name} exits {process.returncode}: {said}")
                outputs += output.read()
            return outputs, Usage(cpu_seconds, peak_mib)

    def _start(
        self, command: Sequence[str], output: IO[str], errors: IO[str]
    ) -> "subprocess.Popen[bytes]":
        return subprocess.Popen(
            command,
            stdin=subprocess.DEVNULL,
            stdout=output,
            stderr=errors,
            env=self._environment,
            cwd=self._root,
        )

    @property
    def postgres_version(self) -> int:
        """Return the major version of the server."""
        return self.connection.info.server_version // 10000

    def fill(self, messages: int, **more: int) -> None:
        """Put so many messages into the queue; `more`: see `sandbox.fake_sqs.endpoint`."""
        asked = {"queue": QUEUE, "messages": messages} | more
        self.ask("POST", f"/_fill?{urlencode(asked)}")

    def stats(self) -> Any:
        """Return what the endpoint has counted since the queue was filled."""
        return self.ask("GET", "/_stats")

    def ask(self, method: str, path: str) -> Any:
        """Ask the endpoint for what it does besides SQS (`sandbox.fake_sqs.endpoint`)."""
        self._endpoint.request(method, path)
        return json.load(self._endpoint.getresponse())

    def _landed(self) -> int:
        row = self.connection.execute("select count(*) from raw.raw_logins").fetchone()
        return int(row[0]) if row else 0

    def close(self) -> None:
        """Close the connections."""
        self.connection.close()
        self._endpoint.close()


@contextmanager
def database() -> Iterator[tuple[dict[str, str], Path]]:
    """Run a new Postgres and yield how to connect, and a directory for logs.

    With fsync, as in production: without it a commit is free, and one for each message a good idea.
    """
    with (
        tempfile.TemporaryDirectory(prefix="benchmark-") as directory,
        postgres(Path(directory), fsync=True) as settings,
    ):
        yield settings, Path(directory)


@contextmanager
def bench(
    settings: dict[str, str], logs: Path, latency_ms: float, root: Path = ROOT
) -> Iterator[Bench]:
    """Run an endpoint as a process of its own beside a Postgres, and install the tables.

    The programs, and the set-up of the database, are those of the directory `root`.
    """
    command = [sys.executable, "-m", "sandbox.fake_sqs.endpoint", f"--latency-ms={latency_ms}"]
    with ExitStack() as stack:
        endpoint = stack.enter_context(
            subprocess.Popen(
                command, stdin=subprocess.PIPE, stdout=subprocess.PIPE, text=True, cwd=ROOT
            )
        )
        assert endpoint.stdin
        assert endpoint.stdout
        stack.callback(endpoint.stdin.close)
        made = Bench(
            settings
            | {
                "AWS_ENDPOINT_URL": endpoint.stdout.readline().strip(),
                "AWS_DEFAULT_REGION": "us-east-1",
                "AWS_ACCESS_KEY_ID": "benchmark",
                "AWS_SECRET_ACCESS_KEY": "benchmark",
                "LOGIN_QUEUE": QUEUE,
            },
            logs / "program.log",
            root,
        )
        stack.callback(made.close)
        made.run(_set_up(root))
        yield made


def _set_up(root: Path) -> list[str]:
    """Return what sets up the database of a version, beside that of another version."""
    arguments = root / "vault" / "arguments.py"
    if not arguments.exists():
        return ["loader", "init"]
    shares = "--share-roles" in arguments.read_text("utf-8")
    return ["vault", "init", *(["--share-roles"] if shares else [])]


@contextmanager
def former(commit: str, settings: dict[str, str]) -> Iterator[tuple[dict[str, str], Path]]:
    """Yield the settings of a new database, and a directory with the files of a commit.

    Raises BenchmarkError if git knows no such commit.
    """
    archive = subprocess.run(["git", "archive", commit], cwd=ROOT, check=False, capture_output=True)
    if archive.returncode:
        raise BenchmarkError(f"git archive {commit}: {archive.stderr.decode().strip()}")
    create_database(settings, "former")
    with tempfile.TemporaryDirectory(prefix="benchmark-") as directory:
        subprocess.run(["tar", "-x"], cwd=directory, input=archive.stdout, check=True)
        yield settings | {"PGDATABASE": "former"}, Path(directory)


def tell(what: str) -> None:
    """Say what is being measured, on a terminal."""
    if sys.stderr.isatty():
        print(f"\r\033[K{what}", end="", file=sys.stderr, flush=True)


def machine(postgres_version: int) -> str:
    """Return what was measured on."""
    return (
        f"{len(os.sched_getaffinity(0))} cores, Python {platform.python_version()}, "
        f"PostgreSQL {postgres_version} with fsync"
    )


def save(name: str, results: dict[str, Any]) -> Path:
    """Keep the results of a benchmark as JSON, with the time, and return the file."""
    RESULTS.mkdir(exist_ok=True)
    now = datetime.now(timezone.utc)
    path = RESULTS / f"{name}-{now:%Y%m%dT%H%M%SZ}.json"
    path.write_text(json.dumps({"at": now.isoformat()} | results, indent=1))
    return path
