"""docs/commands.md has every help text, word for word, and every setting."""

import os
import re
import subprocess
import sys
from argparse import _SubParsersAction

import pytest

from common.errors import ExitCode
from loader.__main__ import parser
from tests.conftest import ROOT
from vault.arguments import parser as vault_parser

PAGE = (ROOT / "docs/commands.md").read_text("utf-8")
PACKAGES = ("loader", "report", "sandbox", "vault")

[SUBCOMMANDS] = [
    action.choices for action in vault_parser()._actions if isinstance(action, _SubParsersAction)
]


def unwrapped(text: str) -> str:
    """The help with its usage in one line, which every Python breaks where it likes."""
    usage, rest = text.split("\n\n", 1)
    return " ".join(usage.split()) + "\n\n" + rest


DOCUMENTED = [
    unwrapped(text) for text in re.findall(r"^```text\n(usage: .+?)^```", PAGE, re.M | re.S)
]


@pytest.mark.parametrize(
    "words", [*(("vault", name) for name in SUBCOMMANDS), *((name,) for name in PACKAGES)]
)
def test_the_help_is_the_one_printed(words: tuple[str, ...]) -> None:
    printed = subprocess.run(
        [sys.executable, "-m", *words, "--help"],
        env=os.environ | {"COLUMNS": "100"},
        cwd=ROOT,
        check=True,
        capture_output=True,
        text=True,
    ).stdout
    assert DOCUMENTED.count(unwrapped(printed)) == 1


def test_every_command_has_its_help_and_no_other() -> None:
    runnable = {path.parent.name for path in ROOT.glob("[!.]*/__main__.py")}
    assert runnable == set(PACKAGES)
    assert len(DOCUMENTED) == len(SUBCOMMANDS) + len(PACKAGES)
    assert re.findall(r"^### (.+)$", PAGE, re.M) == list(SUBCOMMANDS)


def test_every_option_is_explained() -> None:
    for command in (parser(), vault_parser(), *SUBCOMMANDS.values()):
        for action in command._actions:
            assert action.help or isinstance(action, _SubParsersAction), action.dest


def test_every_exit_code_and_setting_is_documented() -> None:
    codes = re.findall(r"^\| (\d) \|", PAGE, re.M)
    assert [int(code) for code in codes] == [code.value for code in ExitCode]
    for source in (path for name in PACKAGES for path in (ROOT / name).glob("*.py")):
        read = re.findall(r"environ\w*(?:\.get\(|\[)\"(\w+)\"", source.read_text("utf-8"))
        for name in set(read) - {"PATH_INFO"}:
            assert f"`{name}`" in PAGE, f"{source.name}: {name}"
