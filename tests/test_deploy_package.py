"""The archive that deploy/package.sh makes for Lambda, with wheels from PyPI.

Lambda's Python need not be on this machine: bytecode is tested with the one that runs the tests,
and the function runs under it, by AWS's own client of the runtime interface, as in Lambda.
"""

import json
import marshal
import os
import platform
import shutil
import stat
import subprocess
import sys
from collections.abc import Iterator
from contextlib import contextmanager
from http.server import BaseHTTPRequestHandler, HTTPServer
from pathlib import Path
from queue import Queue
from threading import Thread
from typing import Any
from zipfile import ZipFile

import pytest

from tests.conftest import ROOT, Pipeline
from tests.logins import logins
from tests.test_deploy import RESOURCES
from tests.test_lambda import event

VERSIONS = ("3.10", "3.11", "3.12", "3.13")
OURS = "{}.{}".format(*sys.version_info)
PATH = f"{sys.base_prefix}/bin:/usr/bin:/bin"
"""Without the virtual environment, which has no pip."""

UNCHECKED_HASH = b"\1\0\0\0"
"""Flags of bytecode that no source is compared with: https://peps.python.org/pep-0552/"""


def package(archive: Path, version: str, *processor: str) -> tuple[bytes, str]:
    done = subprocess.run(
        [ROOT / "deploy/package.sh", archive, version, *processor],
        check=False,
        capture_output=True,
        text=True,
        env=os.environ | {"PATH": PATH},
    )
    assert done.returncode == 0, done.stderr
    return archive.read_bytes(), done.stderr


@pytest.fixture(scope="module")
def archive(tmp_path_factory: pytest.TempPathFactory) -> Path:
    made = tmp_path_factory.mktemp("package") / "first.zip"
    package(made, OURS)
    return made


def test_built_again_it_is_the_same(archive: Path) -> None:
    assert package(archive.with_name("second.zip"), OURS)[0] == archive.read_bytes()


def test_the_archive_has_bytecode_that_lambda_takes(archive: Path) -> None:
    with ZipFile(archive) as opened:
        names = opened.namelist()
        assert names == sorted(names)
        assert {"deploy/lambda_entry.py", "loader/queries.sql"} <= set(names)
        assert {stat.S_IMODE(entry.external_attr >> 16) for entry in opened.infolist()} == {0o644}
        tag = sys.implementation.cache_tag
        for name in (name for name in names if name.endswith(".py")):
            path = Path(name)
            compiled = opened.read(str(path.parent / f"__pycache__/{path.stem}.{tag}.pyc"))
            assert compiled[4:8] == UNCHECKED_HASH
            code = marshal.loads(compiled[16:])  # noqa: S302 we have just compiled it
            assert code.co_filename == f"/var/task/{name}"


def test_without_an_interpreter_of_the_version_it_says_so(tmp_path: Path) -> None:
    missing = next((v for v in VERSIONS if not shutil.which(f"python{v}", path=PATH)), None)
    if missing is None:
        pytest.skip("every Python is on this machine")
    _, said = package(tmp_path / "plain.zip", missing)
    assert f"no python{missing} here: the archive has no bytecode" in said
    with ZipFile(tmp_path / "plain.zip") as opened:
        assert not [name for name in opened.namelist() if name.endswith(".pyc")]


@contextmanager
def runtime_interface(*events: object) -> Iterator[tuple[str, Queue[tuple[str, Any]]]]:
    """Lambda's side of https://docs.aws.amazon.com/lambda/latest/dg/runtimes-api.html."""
    answers: Queue[tuple[str, Any]] = Queue()
    left = list(events)

    class Interface(BaseHTTPRequestHandler):
        protocol_version = "HTTP/1.1"

        def answer(self, code: int, body: bytes) -> None:
            self.send_response(code)
            self.send_header("Lambda-Runtime-Aws-Request-Id", f"request-{len(left)}")
            self.send_header("Lambda-Runtime-Invoked-Function-Arn", "arn:aws:lambda:x:1:function:f")
            self.send_header("Lambda-Runtime-Deadline-Ms", "99999999999999")
            self.send_header("Lambda-Runtime-Trace-Id", "Root=1-0-0")
            self.send_header("Content-Type", "application/json")
            self.send_header("Content-Length", str(len(body)))
            self.end_headers()
            self.wfile.write(body)

        def do_GET(self) -> None:
            if left:
                self.answer(200, json.dumps(left.pop(0)).encode())
            else:  # no more events: the runtime ends
                self.answer(410, b"{}")

        def do_POST(self) -> None:
            body = json.loads(self.rfile.read(int(self.headers["Content-Length"])))
            answers.put((self.path.rsplit("/", 1)[-1], body))
            self.answer(202, b"{}")

        def log_message(self, *_: Any) -> None:
            pass

    with HTTPServer(("127.0.0.1", 0), Interface) as server:
        Thread(target=server.serve_forever, daemon=True).start()
        yield f"127.0.0.1:{server.server_port}", answers
        server.shutdown()


@pytest.fixture(scope="module")
def task(tmp_path_factory: pytest.TempPathFactory) -> Path:
    """What Lambda has in /var/task, for the processor of this machine."""
    made = tmp_path_factory.mktemp("task")
    package(made / "here.zip", OURS, platform.machine())
    with ZipFile(made / "here.zip") as opened:
        opened.extractall(made)
    return made


def invoke(task: Path, handler: str, event: object, **environment: str) -> tuple[Any, str]:
    """Run a handler by awslambdaric; return its answer and its log."""
    with runtime_interface(event) as (address, answers):
        done = subprocess.run(
            [sys.executable, "-P", "-m", "awslambdaric", handler],
            cwd=task,
            env={
                "PATH": os.environ["PATH"],
                "LAMBDA_TASK_ROOT": str(task),
                "PYTHONPATH": str(task),
                "AWS_LAMBDA_RUNTIME_API": address,
                "AWS_DEFAULT_REGION": "eu-central-1",
                "AWS_ACCESS_KEY_ID": "x",
                "AWS_SECRET_ACCESS_KEY": "x",
                **environment,
            },
            check=False,
            capture_output=True,
            text=True,
            timeout=300,
        )
    assert not answers.empty(), done.stdout + done.stderr
    kind, answer = answers.get()
    assert kind == "response", answer
    return answer, done.stdout + done.stderr


def test_the_package_lands_an_event(pipeline: Pipeline, task: Path) -> None:
    pipeline.vault("init")
    pipeline.send(logins(3))
    settings = {name: value for name, value in pipeline.env.items() if name.startswith("PG")}
    answer, _ = invoke(task, "loader.lambda_handler.handler", event(pipeline, 3), **settings)
    assert answer == {"batchItemFailures": []}
    assert pipeline.value("select count(*) from raw.raw_logins") == 3


def test_what_cannot_land_goes_back_and_an_alarm_sees_it(pipeline: Pipeline, task: Path) -> None:
    """The template's handler: this Postgres refuses its token. The function itself succeeds."""
    pipeline.send(logins(3))
    settings = {name: pipeline.env[name] for name in ("PGHOST", "PGPORT", "PGDATABASE")}
    handler = RESOURCES["Loader"]["Properties"]["Handler"]
    answer, log = invoke(task, handler, event(pipeline, 3), **settings, PGUSER="logins_loader")
    assert len(answer["batchItemFailures"]) == 3
    looked_for = RESOURCES["LoaderErrors"]["Properties"]["FilterPattern"].strip('"')
    assert looked_for in log
