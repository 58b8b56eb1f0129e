"""The archive that deploy/package.sh makes for Lambda, with wheels from PyPI.

Lambda's Python need not be on this machine: bytecode is tested with the one that runs the tests.
"""

import marshal
import os
import shutil
import stat
import subprocess
import sys
from pathlib import Path
from zipfile import ZipFile

import pytest

from tests.conftest import ROOT

VERSIONS = ("3.10", "3.11", "3.12", "3.13")
OURS = "{}.{}".format(*sys.version_info)
PATH = f"{sys.base_prefix}/bin:/usr/bin:/bin"
"""Without the virtual environment, which has no pip."""

UNCHECKED_HASH = b"\1\0\0\0"
"""Flags of bytecode that no source is compared with: https://peps.python.org/pep-0552/"""


def package(archive: Path, version: str) -> tuple[bytes, str]:
    done = subprocess.run(
        [ROOT / "deploy/package.sh", archive, version],
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
