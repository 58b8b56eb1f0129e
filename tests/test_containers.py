"""Image and Compose on a real engine: wherever `docker info` answers.

The images are built as docker-compose.yml says; ports are those that are free. Everything that it
starts is removed, and so are its volumes.
"""

import json
import os
import shutil
import subprocess
import time
from collections.abc import Iterator
from pathlib import Path

import pytest

from sandbox import SAMPLE_MESSAGES
from sandbox.sqs import fill, make_client
from tests.conftest import ROOT


def has_engine() -> bool:
    answers = (
        shutil.which("docker")
        and not subprocess.run(["docker", "info"], check=False, capture_output=True).returncode
    )
    return bool(answers)


pytestmark = pytest.mark.skipif(not has_engine(), reason="no container engine: docker info fails")

STOP_SECONDS = 10
"""What `docker stop` gives before it kills."""


class Engine:
    """A project of Compose with a place for its secrets."""

    def __init__(self, place: Path) -> None:
        self.environment = os.environ | {
            "COMPOSE_PROJECT_NAME": "login-test",
            "LOGIN_SECRETS": str(place / "secrets"),
            **dict.fromkeys(("POSTGRES_PORT", "SQS_PORT", "DOCS_PORT"), "0"),
        }

    def run(self, *words: str, code: int = 0) -> str:
        done = subprocess.run(
            ["docker", *words],
            env=self.environment,
            cwd=ROOT,
            check=False,
            stdout=subprocess.PIPE,
            stderr=subprocess.STDOUT,
            text=True,
            timeout=900,
        )
        assert done.returncode == code, done.stdout
        return done.stdout

    def compose(self, *words: str) -> str:
        return self.run("compose", "--profile", "follow", *words)

    def up(self, *words: str) -> None:
        self.run("compose", "up", "--detach", *words)

    def sql(self, statement: str, role: str = "login_analyst") -> str:
        said = self.compose(
            *("exec", "-T", "postgres", "psql", "-U", "postgres", "-qAt", "logins"),
            *("-c", f"set role {role}", "-c", statement),
        )
        return said.strip()

    def counted(self) -> str:
        return self.sql("select (select count(*) from user_logins), count(*) from rejected_logins")

    def state(self, container: str) -> dict[str, object]:
        found: dict[str, object] = json.loads(
            self.run("inspect", "--format", "{{json .State}}", container)
        )
        return found

    def stop(self, container: str) -> object:
        """Stop a container; return its exit code. It must not be killed."""
        began = time.monotonic()
        self.run("stop", container)
        assert time.monotonic() - began < STOP_SECONDS
        return self.state(container)["ExitCode"]


@pytest.fixture(scope="module")
def engine(tmp_path_factory: pytest.TempPathFactory) -> Iterator[Engine]:
    place = tmp_path_factory.mktemp("containers")
    subprocess.run(["make", "-f", ROOT / "Makefile", "secrets"], cwd=place, check=True)
    made = Engine(place)
    made.compose("build")
    try:
        made.up()
        yield made
    finally:
        made.compose("down", "--volumes", "--timeout", "1")


def test_up_ends_with_what_an_analyst_may_read(engine: Engine) -> None:
    assert engine.counted() == "99|1"


def test_up_again_changes_nothing(engine: Engine) -> None:
    engine.up()
    assert engine.counted() == "99|1"


def test_three_loaders_share_the_queue(engine: Engine) -> None:
    """The samples three times more; what lands here is built in a later test."""
    keys = {"AWS_ACCESS_KEY_ID": "sandbox", "AWS_SECRET_ACCESS_KEY": "sandbox"}
    where = f"http://{engine.compose('port', 'sqs', '4566').strip()}"
    client = make_client(keys | {"AWS_ENDPOINT_URL": where, "AWS_REGION": "us-east-1"})
    assert sum(fill(client, SAMPLE_MESSAGES) for _ in range(3)) == 300
    engine.run("compose", "up", "--no-deps", "--scale", "loader=3", "loader")
    loaders = engine.compose("ps", "--all", "--quiet", "loader").split()
    assert [engine.state(loader)["ExitCode"] for loader in loaders] == [0, 0, 0]
    assert engine.sql("select count(*) from raw.raw_logins", role="login_owner") == "400"


def test_a_rerun_runs_what_it_says_and_no_more(engine: Engine) -> None:
    began = engine.sql("select checked_at from pipeline_health")
    said = engine.run("compose", "run", "--rm", "--no-deps", "site")
    assert "wrote site/index.html and site/report.html" in said
    assert engine.sql("select checked_at from pipeline_health") == began


def test_health_is_that_of_the_command(engine: Engine) -> None:
    engine.compose("up", "--detach", "--wait", "--no-deps", "follow")
    engine.run("compose", "run", "--detach", "--no-deps", "--name", "login-once", "loader")
    try:
        engine.run("exec", "login-once", "python", "-m", "deploy.health", "1")
    finally:
        engine.run("rm", "--force", "login-once")


def test_a_stopped_build_ends_in_time_and_the_next_goes_on(engine: Engine) -> None:
    engine.run("compose", "run", "--detach", "--no-deps", "--name", "login-stopped", "dbt")
    try:
        deadline = time.monotonic() + 120
        while "START sql" not in engine.run("logs", "login-stopped"):
            assert time.monotonic() < deadline
            time.sleep(0.2)
        assert engine.stop("login-stopped") == 128 + 15
    finally:
        engine.run("rm", "--force", "login-stopped")
    engine.run("compose", "run", "--rm", "--no-deps", "dbt")
    assert engine.counted() == "396|4"


def test_down_keeps_the_data_and_every_service_stops_in_time(engine: Engine) -> None:
    for service, code in (("docs", 0), ("follow", 1), ("sqs", 0), ("postgres", 0)):
        [container] = engine.compose("ps", "--quiet", service).split()
        assert engine.stop(container) == code, service
    engine.compose("down")
    engine.run("compose", "up", "--detach", "--wait", "postgres")
    assert engine.counted() == "396|4"
