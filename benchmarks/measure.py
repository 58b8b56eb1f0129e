"""One program on one full queue, measured from outside."""

import http.client
import json
import os
import platform
import resource
import subprocess
import sys
import tempfile
from collections.abc import Iterator, Sequence
from contextlib import ExitStack, contextmanager
from dataclasses import dataclass
from datetime import datetime, timezone
from pathlib import Path
from typing import Any
from urllib.parse import urlencode, urlsplit

import psycopg

from sandbox import environment
from sandbox.postgres import postgres

ROOT = Path(__file__).parent.parent
QUEUE = "login-queue"
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
    """Of the program and its processes, all of it."""
    peak_mib: float
    """Largest resident memory of one of its processes."""


class Bench:
    """A Postgres and an endpoint, and programs that move messages from one to the other.

    `connection` is a superuser's, in autocommit.
    """

    def __init__(self, settings: dict[str, str], log: Path) -> None:
        self._environment = environment(settings)
        self._log = log
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
        self, program: Sequence[str], messages: int, body_bytes: int = 0, *, lands: bool = True
    ) -> Measurement:
        """Run `python -m program` on a queue with so many messages and an empty table.

        Raises BenchmarkError if it fails, leaves messages in the queue, or if one is missing in
        the table (unless it is not to land them).
        """
        self.connection.execute("truncate raw.raw_logins, raw.quarantined_messages, raw.loads")
        self.connection.execute("checkpoint")
        self.fill(messages, body_bytes=body_bytes)
        _, usage = self.run(program)
        stats = self.ask("GET", "/_stats")
        if stats["left"]:
            raise BenchmarkError(f"{program[0]} left {stats['left']} messages in the queue")
        if lands and (landed := self._landed()) != messages:
            raise BenchmarkError(f"{program[0]} landed {landed} of {messages} messages")
        return Measurement(
            messages=messages,
            seconds=stats["seconds"],
            requests=sum(stats["calls"].values()),
            cpu_seconds=usage.ru_utime + usage.ru_stime,
            peak_mib=usage.ru_maxrss / 1024,
        )

    def copy(self, rows: int) -> Measurement:
        """COPY so many rows into the empty table."""
        self.connection.execute("truncate raw.raw_logins")
        self.connection.execute("checkpoint")
        output, _ = self.run(["benchmarks.copy_rows", str(rows)])
        if (landed := self._landed()) != rows:
            raise BenchmarkError(f"COPY landed {landed} of {rows} rows")
        return Measurement(rows, float(output), requests=0, cpu_seconds=0.0, peak_mib=0.0)

    def run(self, program: Sequence[str]) -> tuple[str, resource.struct_rusage]:
        """Run `python -m program` and return its output and what it used."""
        return self.execute([sys.executable, "-m", *program])

    def execute(self, command: Sequence[str]) -> tuple[str, resource.struct_rusage]:
        """Run a command and return its output and what it used. Raises BenchmarkError."""
        with self._log.open("w+") as output, self._log.with_suffix(".err").open("w+") as errors:
            process = subprocess.Popen(
                command,
                stdin=subprocess.DEVNULL,
                stdout=output,
                stderr=errors,
                env=self._environment,
                cwd=ROOT,
            )
            _, status, usage = os.wait4(process.pid, 0)
            process.returncode = os.waitstatus_to_exitcode(status)
            output.seek(0)
            errors.seek(0)
            if process.returncode:
                said = errors.read().strip().splitlines()[-1:]
                name = " ".join(command).removeprefix(f"{sys.executable} -m ")
                raise BenchmarkError(f"{name} exits {process.returncode}: {said}")
            return output.read(), usage

    @property
    def postgres_version(self) -> int:
        """Return the major version of the server."""
        return self.connection.info.server_version // 10000

    def fill(self, messages: int, **more: int) -> None:
        """Put so many messages into the queue; `more`: see `sandbox.fake_sqs.endpoint`."""
        asked = {"queue": QUEUE, "messages": messages} | more
        self.ask("POST", f"/_fill?{urlencode(asked)}")

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
def bench(settings: dict[str, str], logs: Path, latency_ms: float) -> Iterator[Bench]:
    """Run an endpoint as a process of its own beside a Postgres, and install the tables."""
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
        )
        stack.callback(made.close)
        made.run(["vault", "init"])
        yield made


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
