"""The schedules of docs/scheduling.md and elt.yml: they parse, and what they start runs."""

import fcntl
import json
import re
import shutil
import subprocess
import sys
import time
from collections.abc import Iterator
from configparser import ConfigParser
from contextlib import ExitStack
from pathlib import Path
from typing import Any

import pytest
import yaml

from tests.conftest import ROOT, Pipeline
from tests.logins import logins

PAGE = (ROOT / "docs/scheduling.md").read_text("utf-8")
# By the path in the first line of each, without the line itself
EXAMPLES = dict(re.findall(r"^```\w+\n# (/[\w/.@-]+).*\n((?:.+\n|\n)+?)```", PAGE, re.MULTILINE))
WORKFLOW: dict[str, Any] = yaml.safe_load((ROOT / ".github/workflows/elt.yml").read_text("utf-8"))

TOOLS = str(Path(sys.executable).parent)


class Unit(ConfigParser):
    """A unit of systemd: keys keep their case; of repeated keys the last counts here."""

    def __init__(self, text: str) -> None:
        super().__init__(interpolation=None, strict=False)
        self.read_string(text)

    def optionxform(self, optionstr: str) -> str:
        return optionstr


def replaced(text: str, instead: dict[str, str]) -> str:
    """The text of an example, with other places than those that it names."""
    for place, other in instead.items():
        assert place in text
        text = text.replace(place, other)
    return text


@pytest.fixture
def installed(pipeline: Pipeline, tmp_path: Path) -> Iterator[Path]:
    """A place for /etc/logins, with settings for the sandbox and a run of it, and the logins."""
    pipeline.vault("init")
    made = pipeline.run(
        *("python", "-m", "deploy.logins"),
        LOGINS_LOADER_PASSWORD="l",
        LOGINS_DBT_PASSWORD="d",
        LOGINS_REPORT_PASSWORD="r",
    )
    assert made.code == 0, made.output
    server = f"{pipeline.env['PGHOST']}:{pipeline.env['PGPORT']}:{pipeline.env['PGDATABASE']}"
    passwords = tmp_path / "pgpass"
    passwords.touch(mode=0o600)
    passwords.write_text(
        f"{server}:logins_loader:l\n{server}:logins_dbt:d\n{server}:logins_report:r\n"
    )
    named = set(re.findall(r"^(\w+)=", EXAMPLES["/etc/logins/env"], re.MULTILINE))
    settings = {
        **{
            name: value
            for name, value in pipeline.env.items()
            if name.startswith(("PG", "AWS_", "LOGIN_QUEUE", "DBT_"))
            and name not in ("PGUSER", "PGPASSWORD")
        },
        "PGPASSFILE": str(passwords),
    }
    assert {"PGHOST", "PGDATABASE", "PGPASSFILE", "LOGIN_QUEUE"} <= named & set(settings)
    (tmp_path / "env").write_text("".join(f"{name}={v}\n" for name, v in settings.items()))
    (tmp_path / "run").write_text(
        replaced(
            EXAMPLES["/etc/logins/run"],
            {
                "/opt/logins": str(ROOT),
                "/etc/logins": str(tmp_path),
                ".venv/bin": TOOLS,
                "target/docs": f"{settings['DBT_TARGET_PATH']}/docs",
                "-m report": f"-m report --output {tmp_path}/site",
            },
        )
    )
    yield tmp_path
    for login in ("logins_loader", "logins_dbt", "logins_report"):
        pipeline.sql(f"drop owned by {login}; drop role {login}")


def test_what_cron_starts_runs(pipeline: Pipeline, installed: Path) -> None:
    line = EXAMPLES["/etc/cron.d/logins"].strip().splitlines()[-1]
    schedule = re.fullmatch(r"17 \* \* \* \* logins (.+)", line)
    assert schedule
    assert "%" not in line  # which cron takes for a line's end
    places = ("/etc/logins", "/run/lock", "/var/log/logins")
    command = replaced(schedule[1], dict.fromkeys(places, str(installed)))
    pipeline.send(logins(3))

    def start() -> str:
        done = subprocess.run(
            ["sh", "-c", command],
            env={"PATH": "/usr/bin:/bin"},  # as little as cron gives
            check=False,
            capture_output=True,
            text=True,
            timeout=300,
        )
        assert done.stderr == ""
        return done.stdout

    log = installed / "elt.log"
    assert start() == "", log.read_text()
    assert "received 3, landed 3," in log.read_text()
    assert pipeline.value("select count(*) from user_logins") == 3
    assert "<dt>Logins</dt><dd>3</dd>" in (installed / "site/report.html").read_text("utf-8")
    said = log.read_text()
    with (installed / "logins.lock").open() as lock:  # another run
        fcntl.flock(lock, fcntl.LOCK_EX)
        assert "logins: see" in start()
    assert log.read_text() == said


def test_what_the_service_starts_runs(pipeline: Pipeline, installed: Path) -> None:
    pipeline.send(logins(3))
    command = Unit(EXAMPLES["/etc/systemd/system/logins.service"])["Service"]["ExecStart"]

    def start() -> subprocess.CompletedProcess[str]:
        return subprocess.run(
            command.replace("/etc/logins", str(installed)).split(),
            env={"PATH": "/usr/bin:/bin"},
            check=False,
            capture_output=True,
            text=True,
            timeout=300,
        )

    done = start()
    assert done.returncode == 0, done.stdout + done.stderr
    assert pipeline.value("select count(*) from user_logins") == 3
    assert sorted(page.name for page in (installed / "site").iterdir()) == [
        "index.html",
        "report.html",
    ]
    # What is wrong for good ends it with a code that systemd does not try again after.
    (installed / "pgpass").write_text("")
    assert start().returncode == 3


def test_three_instances_of_the_loader_share_the_queue(pipeline: Pipeline, installed: Path) -> None:
    unit = Unit(EXAMPLES["/etc/systemd/system/login-loader@.service"])["Service"]
    given = (installed / "env").read_text().splitlines()
    command = replaced(unit["ExecStart"], {"/opt/logins/.venv/bin": TOOLS}).split()
    pipeline.send(logins(300))
    with ExitStack() as instances:
        running = [
            instances.enter_context(
                subprocess.Popen(
                    command,
                    env=dict(line.split("=", 1) for line in [*given, unit["Environment"]]),
                    cwd=ROOT,
                    stderr=subprocess.DEVNULL,
                )
            )
            for _ in range(3)
        ]
        try:
            deadline = time.monotonic() + 60
            while pipeline.value("select count(*) from raw.raw_logins") < 300:
                assert time.monotonic() < deadline
                assert [instance.poll() for instance in running] == [None, None, None]
                time.sleep(0.2)
        finally:
            for instance in running:
                instance.terminate()  # as systemd does
            ended = [instance.wait(int(unit["TimeoutStopSec"])) for instance in running]
    assert {str(code) for code in ended} <= set(unit["SuccessExitStatus"].split())
    assert pipeline.value("select count(*) from raw.raw_logins") == 300


def test_a_run_is_what_the_workflow_does() -> None:
    script = EXAMPLES["/etc/logins/run"].splitlines()
    steps = {step.get("name"): step for step in WORKFLOW["jobs"]["elt"]["steps"]}
    names = ("Build", "Check freshness", "Describe the data", "Make the site of docs and report")
    assert {line for line in script if line.startswith("PGUSER=")} == {
        "PGUSER=logins_loader python -m loader",  # in the workflow in a loop: below
        *(f"PGUSER={steps[name]['env']['PGUSER']} {steps[name]['run']}" for name in names),
    }


@pytest.mark.parametrize(("hour", "whole"), [("02", True), ("14", False)])
def test_the_run_of_one_hour_a_day_tests_everything(
    pipeline: Pipeline, installed: Path, hour: str, whole: bool
) -> None:
    (installed / "date").write_text(f"#!/bin/sh\necho {hour}\n")
    (installed / "date").chmod(0o755)
    pipeline.send(logins(3))
    done = subprocess.run(
        ["sh", str(installed / "run")],
        env={"PATH": f"{installed}:/usr/bin:/bin"},
        check=False,
        capture_output=True,
        text=True,
        timeout=300,
    )
    assert done.returncode == 0, done.stdout + done.stderr
    assert "PASS new_messages_are_in_one_model" in done.stdout
    for test in ("PASS every_landed_message_is_in_one_model", "PASS stg_logins::"):
        assert (test in done.stdout) == whole


@pytest.mark.skipif(not shutil.which("systemd-analyze"), reason="no systemd here")
def test_systemd_accepts_the_units(tmp_path: Path) -> None:
    units = {Path(name).name: text for name, text in EXAMPLES.items() if "/systemd/" in name}
    assert set(units) == {"logins.service", "logins.timer", "login-loader@.service"}
    for name, text in units.items():
        # It asks for an executable that exists.
        (tmp_path / name).write_text(text.replace("/opt/logins/.venv/bin", TOOLS))
    done = subprocess.run(
        ["systemd-analyze", "verify", "--man=no", *(str(tmp_path / name) for name in units)],
        check=False,
        capture_output=True,
        text=True,
    )
    said = [line for line in done.stderr.splitlines() if "login" in line]
    assert said == []


def test_units_say_when_to_run_again() -> None:
    service = Unit(EXAMPLES["/etc/systemd/system/logins.service"])["Service"]
    assert service["Type"] == "oneshot"
    assert service["Restart"] == "on-failure"
    assert service["RestartPreventExitStatus"] == "2 3"  # configuration, permission
    timer = Unit(EXAMPLES["/etc/systemd/system/logins.timer"])["Timer"]
    assert timer["Persistent"] == "yes"
    loader = Unit(EXAMPLES["/etc/systemd/system/login-loader@.service"])
    assert loader["Service"]["Restart"] == "always"  # 1 and 4 count as success: a stop ends so
    assert loader["Service"]["RestartPreventExitStatus"] == "2 3"
    assert loader["Unit"]["StartLimitIntervalSec"] == "0"  # however long Postgres is away
    assert loader["Install"]["WantedBy"] == "multi-user.target"


@pytest.mark.parametrize(
    ("ends", "code", "runs"),
    [([0], 0, 1), ([1, 0], 0, 2), ([4, 1, 0], 0, 3), ([1, 1, 4], 4, 3), ([3], 3, 1), ([2], 2, 1)],
)
def test_the_workflow_runs_the_loader_again_where_that_helps(
    tmp_path: Path, ends: list[int], code: int, runs: int
) -> None:
    steps = {step.get("name"): step for step in WORKFLOW["jobs"]["elt"]["steps"]}
    (tmp_path / "ends").write_text("\n".join(map(str, ends)) + "\n")
    loader = tmp_path / "python"
    loader.write_text(
        '#!/bin/sh\ncd "$(dirname "$0")"\n[ "$*" = "-m loader" ] || exit 99\necho >> runs\n'
        "end=$(head -n 1 ends)\nsed -i 1d ends\nexit $end\n"
    )
    loader.chmod(0o755)
    done = subprocess.run(
        ["bash", "-e", "-c", steps["Load"]["run"]],  # as GitHub runs it
        env={"PATH": f"{tmp_path}:/usr/bin:/bin"},
        check=False,
        capture_output=True,
    )
    assert done.returncode == code
    assert (tmp_path / "runs").read_text().count("\n") == runs


def test_the_workflow_has_no_more_rights_than_it_needs() -> None:
    assert WORKFLOW["permissions"] == {}
    jobs = WORKFLOW["jobs"]
    assert jobs["elt"]["permissions"] == {"contents": "read", "id-token": "write"}
    assert jobs["publish"]["permissions"] == {"pages": "write", "id-token": "write"}
    for job in jobs.values():
        for step in job["steps"]:
            if "uses" in step:
                assert re.fullmatch(r"[\w/-]+@[0-9a-f]{40}", step["uses"])


def test_what_the_workflow_keeps_holds_no_personal_data() -> None:
    [kept] = [
        step
        for step in WORKFLOW["jobs"]["elt"]["steps"]
        if "upload-artifact" in step.get("uses", "")
    ]
    assert kept["with"]["path"].split() == [
        "target/compiled",
        "target/manifest.json",
        "target/sources.json",
    ]


def test_the_trust_policy_parses() -> None:
    [policy] = re.findall(r"^```json\n(.+?)```", PAGE, re.MULTILINE | re.DOTALL)
    [statement] = json.loads(policy)["Statement"]
    subject = statement["Condition"]["StringEquals"]["token.actions.githubusercontent.com:sub"]
    assert subject.endswith(f":environment:{WORKFLOW['jobs']['elt']['environment']}")
