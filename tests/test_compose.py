"""docker-compose.yml without an engine: every service's own command, under its own environment.

Postgres is the sandbox's, the SQS endpoint the one that the file describes. Hosts, ports, /tmp and
the place of the secrets are rewritten, and nothing else. What only an engine can show: that the
images build, the network between them, and the limits put on them (read_only, cap_drop).
"""

import json
import os
import re
import shutil
import subprocess
import sys
import time
import urllib.request
from collections.abc import Iterator, Sequence
from concurrent.futures import ThreadPoolExecutor
from contextlib import AbstractContextManager
from dataclasses import dataclass
from graphlib import TopologicalSorter
from pathlib import Path
from typing import Any

import psycopg
import pytest
import yaml
from psycopg import errors, sql

from sandbox import sandbox
from sandbox.postgres import find_binaries
from sandbox.process import server
from sandbox.sqs import make_client, send
from tests.conftest import ROOT, Outcome
from tests.logins import logins

SERVICES: dict[str, dict[str, Any]] = yaml.safe_load(
    (ROOT / "docker-compose.yml").read_text("utf-8")
)["services"]
DOCKERFILE = (ROOT / "Dockerfile").read_text("utf-8")
ENTRYPOINT = "deploy/entrypoint.sh"
IMAGE_CHECK: list[str] = json.loads(re.findall(r"^HEALTHCHECK .* CMD (.+)$", DOCKERFILE, re.M)[0])
KEYS = {"AWS_REGION": "us-east-1", "AWS_ACCESS_KEY_ID": "x", "AWS_SECRET_ACCESS_KEY": "x"}


def runs_once(name: str) -> bool:
    """Whether others wait for its end."""
    awaited = [service.get("depends_on", {}).get(name) for service in SERVICES.values()]
    return {"condition": "service_completed_successfully"} in awaited


ORDER = [
    name
    for name in TopologicalSorter(
        {name: service.get("depends_on", {}) for name, service in SERVICES.items()}
    ).static_order()
    if runs_once(name)
]


@dataclass
class Composed:
    """The services' surroundings: an /app, a directory for /tmp, secrets, servers."""

    app: Path
    secrets: Path
    postgres_port: str
    endpoint: str = ""

    def rewritten(self, text: str) -> str:
        places = {
            "/run/secrets": str(self.secrets),
            "/tmp": str(self.app.parent),
            "http://sqs:4566": self.endpoint,
        }
        return re.sub("|".join(places), lambda found: places[found[0]], text)

    def environment(self, name: str) -> dict[str, str]:
        """The service's own variables, those of the Dockerfile, and a PATH."""
        given = {
            "DBT_TARGET_PATH": "/tmp/target",
            "DBT_LOG_PATH": "/tmp/logs",
            "DBT_USE_COLORS": "false",
        } | SERVICES[name].get("environment", {})
        environment = {key: self.rewritten(str(value)) for key, value in given.items()}
        if "PGHOST" in given:
            assert given["PGHOST"] in SERVICES
            environment |= {"PGHOST": "127.0.0.1", "PGPORT": self.postgres_port}
        path = [str(Path(sys.executable).parent), str(find_binaries()), os.defpath]
        return environment | {"PATH": os.pathsep.join(path)}

    def command(self, name: str) -> list[str]:
        return ["sh", ENTRYPOINT, *map(self.rewritten, SERVICES[name]["command"])]

    def run(self, name: str) -> Outcome:
        done = subprocess.run(
            self.command(name),
            env=self.environment(name),
            cwd=self.app,
            check=False,
            capture_output=True,
            text=True,
            timeout=300,
        )
        return Outcome(done.returncode, done.stdout, done.stderr)

    def serve(self, name: str, own_port: str) -> AbstractContextManager[int]:
        """Run a service that stays, on a free port, and wait until its own health check passes."""
        # Its own, or else the image's, which asks what process 1 says of itself
        check = SERVICES[name].get("healthcheck", {}).get("test") or ["CMD", *IMAGE_CHECK]
        assert check[0] == "CMD"
        assert any(own_port in word for word in [*check, *SERVICES[name]["command"]])
        numbered = self.app / f"{name}.pid"
        with_number = ["sh", "-c", f'echo $$ > {numbered}; exec "$@"', "sh"]

        def checked(port: int) -> list[str]:
            number = numbered.read_text("utf-8").strip() if numbered.exists() else "0"
            return [number if word == "1" else word for word in on(port, check[1:])]

        def on(port: int, words: Sequence[str]) -> list[str]:
            return [word.replace(own_port, str(port)) for word in words]

        def environment(port: int) -> dict[str, str]:
            own = self.environment(name)
            here = {"BIND_HOST": "127.0.0.1"}  # ministack's, not to be open to the neighbours
            return dict(zip(own, on(port, list(own.values())), strict=True)) | here

        return server(
            lambda port: with_number + on(port, self.command(name)),
            lambda port: (
                subprocess.run(
                    checked(port),
                    env=environment(port),
                    cwd=self.app,
                    check=False,
                    capture_output=True,
                ).returncode
                == 0
            ),
            self.app / f"{name}.log",
            environment=environment,
        )

    def connect(self, user: str, secret: str) -> psycopg.Connection:
        return psycopg.connect(
            host="127.0.0.1",
            port=self.postgres_port,
            dbname=SERVICES["postgres"]["environment"]["POSTGRES_DB"],
            user=user,
            password=(self.secrets / secret).read_text("utf-8"),
            autocommit=True,
        )


def lay_out(app: Path) -> None:
    """Fill /app as the Dockerfile's COPY lines do: what is not copied is not there."""
    for line in re.findall(r"^COPY (?!--from)(.+)$", DOCKERFILE, re.MULTILINE):
        *sources, target = line.split()
        for source in sources:
            if (ROOT / source).is_dir():
                shutil.copytree(ROOT / source, app / target, dirs_exist_ok=True)
            else:
                shutil.copy2(ROOT / source, app / target)
    (app / "site").mkdir()
    (app / "target").mkdir()


def initialise(settings: dict[str, str], secrets: Path) -> None:
    """Do what the image of Postgres does with its POSTGRES_* variables."""
    wanted = SERVICES["postgres"]["environment"]
    password = secrets / Path(wanted["POSTGRES_PASSWORD_FILE"]).name
    with psycopg.connect(
        host=settings["PGHOST"],
        port=settings["PGPORT"],
        user=settings["PGUSER"],
        password=settings["PGPASSWORD"],
        autocommit=True,
    ) as connection:
        connection.execute(
            sql.SQL("create database {}").format(sql.Identifier(wanted["POSTGRES_DB"]))
        )
        connection.execute(
            sql.SQL("alter role postgres password {}").format(password.read_text("utf-8"))
        )


@pytest.fixture(scope="module")
def composed(tmp_path_factory: pytest.TempPathFactory) -> Iterator[Composed]:
    place = tmp_path_factory.mktemp("compose")
    app, secrets, nothing = place / "app", place / "secrets", place / "none.jsonl"
    app.mkdir()
    lay_out(app)
    nothing.touch()
    subprocess.run(["make", "-f", ROOT / "Makefile", "secrets"], cwd=place, check=True)
    with sandbox(nothing) as settings:
        initialise(settings, secrets)
        made = Composed(app, secrets, settings["PGPORT"])
        with made.serve("sqs", "4566") as port:
            made.endpoint = f"http://127.0.0.1:{port}"
            yield made


@pytest.fixture(scope="module")
def outcomes(composed: Composed) -> dict[str, Outcome]:
    """Every service that runs once, in the order that depends_on gives, until one fails."""
    done: dict[str, Outcome] = {}
    for name in ORDER:
        done[name] = composed.run(name)
        if done[name].code:
            break
    return done


def test_every_service_that_runs_once_succeeds(outcomes: dict[str, Outcome]) -> None:
    for name, outcome in outcomes.items():
        assert outcome.code == 0, f"{name}: {outcome.output}"
    assert list(outcomes) == ORDER
    assert {"fill", "init", "loader", "dbt", "site"} == set(ORDER)
    assert "100 messages sent to login-queue" in outcomes["fill"].stdout
    assert "received 100, landed 100," in outcomes["loader"].stdout
    assert "Completed successfully" in outcomes["dbt"].stdout


@pytest.mark.usefixtures("outcomes")
def test_an_analyst_finds_the_logins(composed: Composed) -> None:
    with composed.connect("postgres", "postgres_password") as connection:
        connection.execute("set role login_analyst")
        counted = connection.execute(
            "select (select count(*) from user_logins), (select count(*) from rejected_logins)"
        ).fetchone()
    assert counted == (99, 1)


@pytest.mark.usefixtures("outcomes")
@pytest.mark.parametrize(
    ("login", "statement"),
    [
        ("loader", "select body from raw.raw_logins"),
        ("loader", "delete from raw.raw_logins"),
        ("loader", "select * from vault.masking_key"),
        ("loader", "select * from user_logins"),
        ("loader", "set role login_transformer"),
        ("loader", "create table public.mine (a int)"),
        ("dbt", "insert into raw.raw_logins (message_id, body) values ('x', '{}')"),
        ("dbt", "delete from raw.raw_logins"),
        ("dbt", "update vault.masking_key set secret = secret"),
        ("dbt", "set role login_loader"),
        ("dbt", "set role login_owner"),
        ("dbt", "set role login_recovery"),
        ("dbt", "create role mine"),
        ("site", "select body from raw.raw_logins"),
        ("site", "insert into user_logins (user_id) values ('x')"),
        ("site", "set role login_transformer"),
    ],
)
def test_a_login_can_do_its_own_work_only(composed: Composed, login: str, statement: str) -> None:
    service = SERVICES[login]["environment"]
    secret = Path(service["PGPASSWORD_FILE"]).name
    with (
        composed.connect(service["PGUSER"], secret) as connection,
        pytest.raises(errors.InsufficientPrivilege),
    ):
        connection.execute(statement.encode())


@pytest.mark.usefixtures("outcomes")
def test_a_login_is_a_member_of_one_role_and_nothing_else(composed: Composed) -> None:
    with composed.connect("postgres", "postgres_password") as connection:
        found = connection.execute(
            "select rolname, array_agg(roleid::regrole::text), bool_or(rolsuper or rolcreaterole"
            " or rolcreatedb or rolbypassrls or rolreplication)"
            " from pg_roles left join pg_auth_members on member = pg_roles.oid"
            " where rolname like 'logins\\_%' group by rolname order by rolname"
        ).fetchall()
    assert found == [
        ("logins_dbt", ["login_transformer"], False),
        ("logins_loader", ["login_loader"], False),
        ("logins_report", ["login_analyst"], False),
    ]


@pytest.mark.usefixtures("outcomes")
def test_up_again_adds_nothing_and_changes_no_password(composed: Composed) -> None:
    for name in ORDER[: ORDER.index("site")]:
        again = composed.run(name)
        assert again.code == 0, again.output
        if name == "loader":
            assert "received 0, landed 0," in again.stdout
    with composed.connect("postgres", "postgres_password") as connection:
        assert connection.execute("select count(*) from user_logins").fetchone() == (99,)


@pytest.mark.usefixtures("outcomes")
def test_the_site_is_served(composed: Composed) -> None:
    with composed.serve("docs", "8080") as port:
        page = urllib.request.urlopen(f"http://127.0.0.1:{port}/").read().decode()
        report = urllib.request.urlopen(f"http://127.0.0.1:{port}/report.html").read().decode()
    assert "masked_ip" in page
    assert "dbt Docs" in page
    assert "<dt>Logins</dt><dd>99</dd>" in report
    assert "Not known here" not in report  # how the build's tests ended


@pytest.mark.usefixtures("outcomes")
def test_the_follower_is_healthy_and_lands_what_comes(composed: Composed) -> None:
    client = make_client(composed.environment("fill") | KEYS)
    url = client.get_queue_url(QueueName="login-queue")["QueueUrl"]
    with composed.connect("postgres", "postgres_password") as connection:
        before = connection.execute("select count(*) from raw.raw_logins").fetchone()
        assert before
        with composed.serve("follow", "9090"):
            send(client, url, logins(1))
            deadline = time.monotonic() + 20
            while time.monotonic() < deadline:
                now = connection.execute("select count(*) from raw.raw_logins").fetchone()
                if now == (before[0] + 1,):
                    break
                time.sleep(0.1)
        assert now == (before[0] + 1,)


@pytest.mark.usefixtures("outcomes")
def test_three_loaders_share_the_queue(composed: Composed) -> None:
    """As `docker compose up --scale loader=3` starts them: the same command, three times."""
    client = make_client(composed.environment("fill") | KEYS)
    url = client.get_queue_url(QueueName="login-queue")["QueueUrl"]
    with composed.connect("postgres", "postgres_password") as connection:
        count = "select count(*) from raw.raw_logins"
        [(before,)] = connection.execute(count).fetchall()
        send(client, url, logins(300))
        with ThreadPoolExecutor(3) as pool:
            runs = list(pool.map(composed.run, ["loader"] * 3))
        assert [run.code for run in runs] == [0, 0, 0], runs
        assert connection.execute(count).fetchall() == [(before + 300,)]
    landed = [int(re.findall(r"landed (\d+),", run.stdout)[0]) for run in runs]
    assert sum(landed) == 300


@pytest.mark.parametrize("name", ["loader", "follow"])
def test_a_service_that_scales_takes_no_name_or_port_of_the_host(name: str) -> None:
    assert not {"container_name", "ports", "network_mode"} & set(SERVICES[name])


def test_no_password_is_printed(composed: Composed, outcomes: dict[str, Outcome]) -> None:
    said = "".join(outcome.output for outcome in outcomes.values())
    said += (composed.app.parent / "logs" / "dbt.log").read_text("utf-8")
    for secret in composed.secrets.iterdir():
        assert secret.read_text("utf-8") not in said


def test_what_depends_on_a_server_waits_until_it_is_healthy() -> None:
    for name, service in SERVICES.items():
        for other, condition in service.get("depends_on", {}).items():
            if runs_once(other):
                assert condition == {"condition": "service_completed_successfully"}, name
            else:
                assert condition == {"condition": "service_healthy"}, name
                assert "test" in SERVICES[other]["healthcheck"], other


def test_what_comes_from_outside_is_pinned_and_ports_are_open_to_this_machine_only() -> None:
    for name, service in SERVICES.items():
        assert "build" in service or "@sha256:" in service["image"], name
        assert all(port.startswith("127.0.0.1:") for port in service.get("ports", [])), name
    for base in re.findall(r"^FROM (\S+:\S+)", DOCKERFILE, re.MULTILINE):
        assert "@sha256:" in base


def test_what_the_image_copies_gets_into_the_build() -> None:
    kept = re.findall(r"^!(\S+)$", (ROOT / ".dockerignore").read_text("utf-8"), re.MULTILINE)
    for line in re.findall(r"^COPY (?!--from)(.+)$", DOCKERFILE, re.MULTILINE):
        assert set(line.split()[:-1]) <= set(kept)


def test_no_shell_stands_between_a_stop_and_a_command() -> None:
    for name, service in SERVICES.items():
        assert "sh" not in service.get("command", []), name
    assert not re.findall(r"^(?:CMD|ENTRYPOINT) (?!\[)", DOCKERFILE, re.MULTILINE)


def test_missing_passwords_and_taken_ports_have_a_remedy() -> None:
    composed = yaml.safe_load((ROOT / "docker-compose.yml").read_text("utf-8"))
    for name, secret in composed["secrets"].items():
        assert secret["file"] == f"${{LOGIN_SECRETS:?run 'make secrets' first}}/{name}"
    for name, service in SERVICES.items():
        for port in service.get("ports", []):
            assert re.fullmatch(r"127\.0\.0\.1:\$\{\w+_PORT:-(\d+)\}:\1", port), name


def test_the_image_runs_commands_as_the_tests_here_do() -> None:
    assert f'ENTRYPOINT ["{ENTRYPOINT}"]' in DOCKERFILE
    assert os.access(ROOT / ENTRYPOINT, os.X_OK)
    assert "STOPSIGNAL SIGINT" in DOCKERFILE
    for name in ("DBT_TARGET_PATH=/tmp/target", "DBT_LOG_PATH=/tmp/logs", "USER 10001"):
        assert name in DOCKERFILE
