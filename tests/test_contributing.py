"""What contributors are told: one version, linters before a commit, files that exist."""

import re
import shlex
import subprocess
import sys

import pytest
import yaml

from common import __version__
from tests.conftest import ROOT

PAGE = (ROOT / "CONTRIBUTING.md").read_text("utf-8")


@pytest.mark.parametrize("package", ["loader", "vault", "report"])
def test_every_command_prints_the_version(package: str) -> None:
    printed = subprocess.run(
        [sys.executable, "-m", package, "--version"],
        cwd=ROOT,
        check=True,
        capture_output=True,
        text=True,
    )
    assert printed.stdout == f"{__version__}\n"


def test_the_version_is_in_one_place_and_in_the_changelog() -> None:
    newest = re.findall(r"^## \[(.+?)\]", (ROOT / "CHANGELOG.md").read_text("utf-8"), re.M)[0]
    assert newest == __version__
    for settings in ("pyproject.toml", "dbt_project.yml"):
        assert not re.search(r"^version\b", (ROOT / settings).read_text("utf-8"), re.M), settings


def test_the_hooks_are_the_linters_of_make_lint() -> None:
    [recipe] = re.findall(r"^lint:.*\n((?:\t.+\n)+)", (ROOT / "Makefile").read_text("utf-8"), re.M)
    linters = [shlex.split(line.replace("$(BIN)", ".venv/bin")) for line in recipe.splitlines()]
    [repository] = yaml.safe_load((ROOT / ".pre-commit-config.yaml").read_text("utf-8"))["repos"]
    hooks = [shlex.split(hook["entry"]) for hook in repository["hooks"]]
    # A hook formats where `make lint` only checks, and gets the names of files at the end.
    assert [line[: len(hook)] for line, hook in zip(linters, hooks, strict=True)] == hooks


def test_every_file_that_the_page_names_exists() -> None:
    named = re.findall(r"\b(?:tests|vault|report|loader|common|dbt_project)/[\w/.]+", PAGE)
    assert len(named) > 10
    for name in named:
        assert (ROOT / name.rstrip(".").replace("NNNN_name.sql", "")).exists(), name
