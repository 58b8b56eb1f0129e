"""What the README says is true: its commands run, its links lead somewhere."""

import itertools
import os
import re
import shutil
import signal
import socket
import subprocess
import sys
import time
from pathlib import Path
from urllib.error import URLError
from urllib.request import urlopen

import pytest
import yaml
from packaging.requirements import Requirement
from packaging.utils import canonicalize_name

from sandbox.postgres import find_binaries
from tests.conftest import ROOT, Pipeline
from tests.logins import logins
from vault.init import OLDEST_SERVER

README = (ROOT / "README.md").read_text("utf-8")


def commands(page: str, heading: str) -> str:
    """The commands under a heading of a page."""
    text = (ROOT / page).read_text("utf-8")
    [section] = re.findall(rf"^## {re.escape(heading)}\n(.*?)(?=^## |\Z)", text, re.M | re.S)
    found = re.findall(r"^```sh\n(.*?)^```", section, re.M | re.S)
    assert found, f"{page}: {heading}"
    return "".join(found)


TRY = commands("README.md", "Try it") + commands("docs/commands.md", "`python -m sandbox`")
# The logins come last: beside one that writes the models an administrator does not build.
RUN = (
    commands("README.md", "Run it")
    + commands("docs/operations.md", "The schedule")
    + commands("docs/privacy.md", "What may be asked for")
    + commands("docs/operations.md", "Least privilege")
)


def tracked_files() -> list[str]:
    listed = subprocess.run(
        ["git", "ls-files", "--cached", "--others", "--exclude-standard"],
        cwd=ROOT,
        check=True,
        capture_output=True,
        text=True,
    )
    return [name for name in listed.stdout.splitlines() if (ROOT / name).is_file()]


def without_virtual_environment() -> dict[str, str]:
    """The environment of somebody who has just cloned the project."""
    here = str(Path(sys.executable).parent)
    path = [place for place in os.environ["PATH"].split(os.pathsep) if place != here]
    kept = {k: v for k, v in os.environ.items() if k not in ("VIRTUAL_ENV", "PYTHONPATH")}
    return kept | {"PATH": os.pathsep.join(path)}


@pytest.mark.skipif(
    not (ROOT / ".venv/installed").exists(), reason="not installed by make: no .venv"
)
def test_the_commands_to_try_it_run() -> None:
    lines = TRY.splitlines()
    assert "make demo" in lines
    lines.remove("make docs")  # below
    for command in lines:
        done = subprocess.run(
            ["sh", "-c", command],
            env=without_virtual_environment(),
            cwd=ROOT,
            check=False,
            capture_output=True,
            text=True,
            timeout=300,
        )
        assert done.returncode == 0, done.stdout + done.stderr
        assert "received 100, landed 100," in done.stdout


@pytest.mark.skipif(
    not (ROOT / ".venv/installed").exists(), reason="not installed by make: no .venv"
)
def test_make_docs_shows_both_pages() -> None:
    with socket.socket() as free:
        free.bind(("127.0.0.1", 0))
        port = free.getsockname()[1]
    with subprocess.Popen(
        ["make", "docs", f"PORT={port}"],
        env=without_virtual_environment(),
        cwd=ROOT,
        stdout=subprocess.PIPE,
        text=True,
        start_new_session=True,
    ) as make:
        try:
            assert make.stdout
            said = list(itertools.takewhile(lambda line: "until Ctrl-C" not in line, make.stdout))
            assert make.poll() is None, said
            for page, words in (("", "dbt Docs"), ("report.html", "<dt>Logins</dt><dd>99</dd>")):
                assert words in fetched(f"http://127.0.0.1:{port}/{page}")
        finally:
            if make.poll() is None:
                os.killpg(make.pid, signal.SIGTERM)  # SIGINT may be ignored, as in the background


def fetched(url: str) -> str:
    """The page, as soon as the server is there."""
    for _ in range(100):
        try:
            return str(urlopen(url).read().decode())  # noqa: S310 our own
        except URLError:
            time.sleep(0.1)
    raise AssertionError(url)


def test_the_commands_to_run_it_run_in_a_fresh_clone(pipeline: Pipeline, tmp_path: Path) -> None:
    clone = tmp_path / "clone"
    for name in tracked_files():
        (clone / name).parent.mkdir(parents=True, exist_ok=True)
        shutil.copy2(ROOT / name, clone / name)
    pipeline.send(logins(5))
    newcomer = without_virtual_environment()
    settings = {k: v for k, v in pipeline.env.items() if not k.startswith("DBT_")}
    tools = str(find_binaries())  # psql
    done = subprocess.run(
        ["sh", "-ec", RUN],
        env=settings | {"PATH": f"{tools}{os.pathsep}{newcomer['PATH']}"},
        cwd=clone,
        check=False,
        capture_output=True,
        text=True,
        timeout=600,
    )
    for role in ("logins_loader", "logins_dbt", "logins_report", "ana", "rita", "olaf"):
        pipeline.sql(f"drop role if exists {role}")
    assert done.returncode == 0, done.stdout + done.stderr
    assert "received 5, landed 5," in done.stdout
    assert done.stdout.count("Completed successfully") == 5
    assert "erased 1 messages" in done.stderr
    assert "purged 0 messages" in done.stderr
    for page in ("index.html", "report.html"):
        assert (clone / "site" / page).stat().st_size > 500_000


def test_links_lead_to_places_that_exist() -> None:
    for page in ROOT.glob("**/*.md"):
        # Those of dbt's documentation lead to places of the site: tests/test_docs.py.
        if {".venv", "target", "dbt_project"} & set(page.parts):
            continue
        for link in re.findall(r"\]\((?!https?://)([^)]+)\)", page.read_text("utf-8")):
            name, _, heading = link.partition("#")
            target = page.parent / name if name else page
            assert target.exists(), f"{page.name}: {link}"
            assert not heading or heading in anchors(target), f"{page.name}: {link}"


def anchors(page: Path) -> list[str]:
    """What GitHub calls the headings of a page."""
    headings = re.findall(r"^#+ (.+)$", page.read_text("utf-8"), re.MULTILINE)
    return [re.sub(r"[^\w -]", "", heading).lower().replace(" ", "-") for heading in headings]


def test_every_variable_of_the_example_is_documented() -> None:
    example = (ROOT / ".env.example").read_text("utf-8")
    settings = (ROOT / "docs/commands.md").read_text("utf-8")
    for name in re.findall(r"^#?([A-Z_]+)=", example, re.MULTILINE):
        assert f"`{name}`" in settings


def test_badges_are_true() -> None:
    badges = re.findall(
        r"^\[!\[(.+?)\]\(https://img\.shields\.io/badge/(.+?)-(.+?)-\w+\)\]", README, re.MULTILINE
    )
    assert README.count("![", 0, README.index("Login events go in")) == len(badges)
    for said, label, message in badges:
        assert re.sub(r"\W", "", said) == re.sub(r"\W|_", "", label + message)
    requirements = (ROOT / "requirements.in").read_text("utf-8")
    [dbt] = re.findall(r"^dbt-core==(\d+\.\d+)\.", requirements, re.MULTILINE)
    workflow = yaml.safe_load((ROOT / ".github/workflows/ci.yml").read_text("utf-8"))
    pythons = workflow["jobs"]["test"]["strategy"]["matrix"]["python"]
    settings = (ROOT / "pyproject.toml").read_text("utf-8")
    assert f'python_version = "{pythons[0]}"' in settings
    assert "Apache License\n" in (ROOT / "LICENSE").read_text("utf-8")
    assert [said for said, _, _ in badges] == [
        f"Python {pythons[0]} to {pythons[-1]}",
        f"PostgreSQL {OLDEST_SERVER} or later",
        f"dbt {dbt}",
        "licence: Apache 2.0",
    ]


def test_what_is_installed_to_run_is_what_is_tested() -> None:
    def pins(name: str) -> set[str]:
        lines = (ROOT / name).read_text("utf-8").splitlines()
        return {
            f"{canonicalize_name(r.name)}{r.specifier}"
            for r in (Requirement(line.rstrip(" \\")) for line in lines if re.match(r"[a-z]", line))
        }

    assert pins("requirements.txt") <= pins("requirements-dev.txt")


def test_every_test_that_the_documents_name_exists() -> None:
    tests = "".join(path.read_text() for path in (ROOT / "tests").glob("test_*.py"))
    for document in (ROOT / "docs").rglob("*.md"):
        for name in re.findall(r"`(test_\w+)`", document.read_text()):
            assert f"def {name}(" in tests, f"{document.name} names {name}"
