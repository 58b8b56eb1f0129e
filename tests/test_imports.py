"""The loader knows nothing of what guards the data."""

import ast
import subprocess
import sys

from tests.conftest import ROOT

MODULES = sorted((ROOT / "loader").glob("*.py"))
LISTED = """
import importlib, pathlib, sys
for file in pathlib.Path("loader").glob("*.py"):
    importlib.import_module(f"loader.{file.stem}")
print(*sys.modules)
"""


def test_no_module_of_the_loader_names_the_vault_in_an_import() -> None:
    assert len(MODULES) > 10
    for module in MODULES:
        for node in ast.walk(ast.parse(module.read_text("utf-8"))):
            names = [alias.name for alias in node.names] if isinstance(node, ast.Import) else []
            if isinstance(node, ast.ImportFrom):
                assert node.level == 0, module
                names = [node.module or ""]
            assert not [name for name in names if name.split(".")[0] == "vault"], module


def test_the_loader_runs_without_the_vault() -> None:
    done = subprocess.run(
        [sys.executable, "-c", LISTED], cwd=ROOT, check=True, capture_output=True, text=True
    )
    imported = done.stdout.split()
    assert {f"loader.{module.stem}" for module in MODULES} <= set(imported)
    others = {"vault", "dbt", "report", "sandbox", "deploy", "benchmarks"}
    assert not [name for name in imported if name.split(".")[0] in others]
