"""The loader knows nothing of what guards the data, and `common` nothing of any command."""

import ast
import subprocess
import sys

from tests.conftest import ROOT

MODULES = sorted((ROOT / "loader").glob("*.py"))
COMMON = sorted((ROOT / "common").glob("*.py"))
LISTED = """
import importlib, pathlib, sys
for file in pathlib.Path("loader").glob("*.py"):
    importlib.import_module(f"loader.{file.stem}")
print(*sys.modules)
"""


def test_imports_go_from_the_loader_to_common_only() -> None:
    assert len(MODULES) > 8
    assert len(COMMON) > 3
    allowed = {"loader": {"common", "loader"}, "common": {"common"}}
    packages = {path.parent.name for path in ROOT.glob("*/__init__.py")}
    assert packages > {"loader", "common", "vault", "report"}
    for module in MODULES + COMMON:
        others = packages - allowed[module.parent.name]
        for node in ast.walk(ast.parse(module.read_text("utf-8"))):
            names = [alias.name for alias in node.names] if isinstance(node, ast.Import) else []
            if isinstance(node, ast.ImportFrom):
                assert node.level == 0, module
                names = [node.module or ""]
            assert not [name for name in names if name.split(".")[0] in others], module


def test_the_loader_runs_without_the_vault() -> None:
    done = subprocess.run(
        [sys.executable, "-c", LISTED], cwd=ROOT, check=True, capture_output=True, text=True
    )
    imported = done.stdout.split()
    assert {f"loader.{module.stem}" for module in MODULES} <= set(imported)
    others = {"vault", "dbt", "report", "sandbox", "deploy", "benchmarks"}
    assert not [name for name in imported if name.split(".")[0] in others]
