"""One sandbox per test process; a database and a queue of its own for every test."""

import io
import itertools
import json
import os
import shutil
import subprocess
import traceback
import warnings
from collections.abc import Iterator, Sequence
from contextlib import contextmanager, redirect_stdout
from dataclasses import dataclass, field, replace
from pathlib import Path
from typing import Any
from unittest.mock import patch

import psycopg
import pytest
from dbt.cli.main import dbtRunner
from mypy_boto3_sqs.client import SQSClient
from psycopg import sql

from sandbox import environment, sandbox
from sandbox.citus import create_database, drop_database
from sandbox.sqs import make_client, send

ROOT = Path(__file__).parent.parent
NUMBERS = itertools.count(1)

Rows = list[tuple[Any, ...]]


@dataclass
class Outcome:
    """How a command ended and what it printed."""

    code: int
    stdout: str
    stderr: str

    @property
    def output(self) -> str:
        return self.stdout + self.stderr


@dataclass
class Pipeline:
    """A queue, a database, and the commands that work on them."""

    env: dict[str, str]
    client: SQSClient
    url: str
    logs: Path
    parsed: Path
    """Where dbt keeps the project that it has parsed, which costs it some five seconds."""
    outputs: list[str] = field(default_factory=list)
    directory: Path = ROOT
    log_began_at: int = field(init=False)

    def __post_init__(self) -> None:
        self.log_began_at = (self.logs / "postgres.log").stat().st_size

    def send(self, bodies: Sequence[str]) -> None:
        send(self.client, self.url, bodies)

    def at(self, directory: Path) -> "Pipeline":
        """Return this pipeline with the commands of the version in `directory`."""
        return replace(self, directory=directory)

    def run(self, *command: str, stdin: str | None = None, **env: str) -> Outcome:
        done = subprocess.run(
            command,
            input=stdin,
            env=self.env | env,
            cwd=self.directory,
            check=False,
            capture_output=True,
            text=True,
            timeout=120,
        )
        self.outputs.append(done.stdout + done.stderr)
        return Outcome(done.returncode, done.stdout, done.stderr)

    def load(self, *arguments: str, stdin: str | None = None, **env: str) -> Outcome:
        return self.run("python", "-m", "loader", *arguments, stdin=stdin, **env)

    def vault(self, *arguments: str, stdin: str | None = None, **env: str) -> Outcome:
        return self.run("python", "-m", "vault", *arguments, stdin=stdin, **env)

    def dbt(self, *arguments: str, **env: str) -> Outcome:
        """Run dbt in this process: as the command would, and four seconds faster."""
        self.target((self.env | env)["DBT_TARGET_PATH"])
        output = io.StringIO()
        with (
            patch.dict(os.environ, self.env | env, clear=True),
            redirect_stdout(output),
            warnings.catch_warnings(),
        ):
            warnings.simplefilter("ignore")
            result = dbtRunner().invoke(list(arguments))
        if result.exception:
            traceback.print_exception(result.exception, file=output)
        self.outputs.append(output.getvalue())
        return Outcome(0 if result.success else 1, output.getvalue(), "")

    def target(self, directory: Path | str) -> str:
        """Return a directory for dbt to write to, where it parses only what a test has changed."""
        kept = Path(directory) / self.parsed.name
        if self.parsed.exists() and not kept.exists():
            kept.parent.mkdir(parents=True, exist_ok=True)
            shutil.copy2(self.parsed, kept)
        return str(directory)

    def build(self, *arguments: str, **env: str) -> str:
        """Load and build, and insist that both succeed."""
        loaded = self.load(**env)
        assert loaded.code == 0, loaded.output
        built = self.dbt("build", *arguments, **env)
        assert built.code == 0, built.output
        return loaded.stdout

    def connect(self, **changes: Any) -> psycopg.Connection:
        settings = {
            "host": self.env["PGHOST"],
            "port": self.env["PGPORT"],
            "user": self.env["PGUSER"],
            "password": self.env["PGPASSWORD"],
            "dbname": self.env["PGDATABASE"],
        }
        return psycopg.connect(autocommit=True, **(settings | changes))

    def sql(self, statement: str, role: str | None = None) -> Rows:
        """Run one statement, as the superuser or with the rights of `role`."""
        with self.connect() as connection:
            if role:
                connection.execute(sql.SQL("set role {}").format(sql.Identifier(role)))
            cursor = connection.execute(statement.encode())
            return cursor.fetchall() if cursor.description else []

    def value(self, statement: str) -> Any:
        return self.sql(statement)[0][0]

    def server_log(self) -> str:
        """Return what Postgres has logged since the pipeline was made."""
        log = (self.logs / "postgres.log").read_bytes()
        return log[self.log_began_at :].decode("utf-8", "replace")

    def waiting(self) -> tuple[int, int]:
        """Messages that wait in the queue, and messages in flight."""
        found = self.client.get_queue_attributes(QueueUrl=self.url, AttributeNames=["All"])
        attributes = found["Attributes"]
        return (
            int(attributes["ApproximateNumberOfMessages"]),
            int(attributes["ApproximateNumberOfMessagesNotVisible"]),
        )


@pytest.fixture(scope="session")
def servers(tmp_path_factory: pytest.TempPathFactory) -> Iterator[dict[str, str]]:
    nothing = tmp_path_factory.mktemp("messages") / "none.jsonl"
    nothing.touch()
    with sandbox(nothing) as settings:
        yield settings


@pytest.fixture(scope="session")
def artifacts(tmp_path_factory: pytest.TempPathFactory) -> Path:
    """A directory for what dbt writes; shared, because dbt then parses only once."""
    return tmp_path_factory.mktemp("dbt")


@contextmanager
def new_pipeline(servers: dict[str, str], artifacts: Path) -> Iterator[Pipeline]:
    """Make an empty database and an empty queue, and remove them afterwards."""
    # Always the same database: dbt parses anew when the profile changes.
    database, queue = "logins", f"queue-{next(NUMBERS)}"
    client = make_client(servers)
    # Long enough for a run, short enough to wait for after a crash.
    url = client.create_queue(QueueName=queue, Attributes={"VisibilityTimeout": "3"})["QueueUrl"]
    env = environment(servers) | {
        "PGDATABASE": database,
        "LOGIN_QUEUE": queue,
        "DBT_TARGET_PATH": str(artifacts / "target"),
        "DBT_LOG_PATH": str(artifacts / "logs"),
        "DBT_PROJECT_DIR": str(ROOT),
        "DBT_PROFILES_DIR": str(ROOT),
        "DBT_USE_COLORS": "false",
    }
    parsed = artifacts / "target" / "partial_parse.msgpack"
    made = Pipeline(env, client, url, Path(servers["SANDBOX_LOGS"]), parsed)
    create_database(servers, database)
    try:
        yield made
    finally:
        client.delete_queue(QueueUrl=url)
        drop_database(servers, database)


@pytest.fixture
def pipeline(servers: dict[str, str], artifacts: Path) -> Iterator[Pipeline]:
    with new_pipeline(servers, artifacts) as made:
        yield made


def on_record(pipeline: Pipeline, kind: str, at: str, by: str, detail: str) -> None:
    """Put an entry of another time or person on record, as `login_audit.add` would have then."""
    pipeline.sql(
        "insert into login_audit.entry"
        " select n.number, n.at, n.by, null, n.kind, n.detail, n.hash, encode(sha256(convert_to("
        " jsonb_build_array(n.number, to_char(n.at at time zone 'UTC',"
        """ 'YYYY-MM-DD"T"HH24:MI:SS.US'), n.by, null::text, n.kind, n.detail, n.hash)::text,"""
        " 'UTF8')), 'hex')"
        f" from (select h.number + 1 as number, {at} as at, '{by}' as by, '{kind}' as kind,"
        f" '{detail}'::jsonb as detail, h.hash from login_audit.head() as h) as n"
    )


def copy_packages(directory: Path) -> None:
    """Copy what `python -m vault` consists of, to be changed there."""
    for package in ("common", "loader", "vault"):
        shutil.copytree(ROOT / package, directory / package)


def one_line(outcome: Outcome) -> str:
    """Insist that a command said one line on standard error, no traceback, and return it."""
    lines = [json.loads(line) for line in outcome.stderr.strip().splitlines()]
    said = [str(line["message"]) for line in lines if line["level"] != "INFO"]
    assert len(said) == 1, outcome.stderr
    return said[0]


@contextmanager
def slowed(pipeline: Pipeline, table: str, seconds: float = 20) -> Iterator[None]:
    """Let every statement that changes a table take long enough to be killed in the middle."""
    pipeline.sql(
        "create function public.slow() returns trigger language plpgsql"
        f" as $$ begin perform pg_sleep({seconds}); return null; end $$"
    )
    pipeline.sql(
        f"create trigger slow after insert or update on {table}"
        " for each statement execute function public.slow()"
    )
    try:
        yield
    finally:
        pipeline.sql(f"drop trigger slow on {table}")
        pipeline.sql("drop function public.slow()")
