"""What dbt's documentation says: every column, once, and queries that run."""

import json
import re
from collections import defaultdict
from pathlib import Path
from typing import Any

import pytest

from tests.conftest import ROOT, Pipeline
from tests.logins import logins

MODELS = ROOT / "dbt_project/models"
PUBLIC = {path.stem for layer in ("marts", "summaries") for path in (MODELS / layer).glob("*.sql")}


@pytest.fixture
def manifest(pipeline: Pipeline) -> dict[str, Any]:
    pipeline.send(logins(4))
    pipeline.build()
    target = Path(pipeline.env["DBT_TARGET_PATH"])
    found: dict[str, Any] = json.loads((target / "manifest.json").read_text("utf-8"))
    return found


def test_columns_are_described_once_and_queries_run(
    pipeline: Pipeline, manifest: dict[str, Any]
) -> None:
    nodes = [*manifest["sources"].values()] + [
        node for node in manifest["nodes"].values() if node["resource_type"] == "model"
    ]
    blocks: dict[str, set[str]] = defaultdict(set)
    for node in nodes:
        for name, column in node["columns"].items():
            assert column["description"], f"{node['name']}.{name}"
            blocks[column["description"]] |= set(column["doc_blocks"]) or {node["name"]}
        if node["config"].get("materialized") != "ephemeral":
            there = pipeline.sql(
                "select column_name::text from information_schema.columns"
                f" where table_schema = '{node['schema']}' and table_name = '{node['name']}'"
            )
            assert {name for (name,) in there} == set(node["columns"]), node["name"]
    assert {text: where for text, where in blocks.items() if len(where) > 1} == {}

    published = {node["name"]: node for node in nodes if node.get("access") == "public"}
    assert set(published) == PUBLIC
    for name, node in published.items():
        queries = re.findall(r"```sql\n(.*?)```", node["description"], re.DOTALL)
        assert queries, name
        for statement in queries[0].split(";\n"):
            if statement.strip():
                pipeline.sql(statement, role="login_analyst")

    for exposure in manifest["exposures"].values():
        assert exposure["owner"]["email"]
    [report] = [e for e in manifest["exposures"].values() if e["name"] == "login_report"]
    assert {name.split(".")[-1] for name in report["depends_on"]["nodes"]} == PUBLIC


def test_every_data_test_says_what_its_failure_means_and_what_to_do(
    manifest: dict[str, Any],
) -> None:
    tests = [node for node in manifest["nodes"].values() if node["resource_type"] == "test"]
    assert len(tests) > 20
    for node in tests:
        meaning, found, action = node["description"].partition(". What to do: ")
        assert found, f"{node['name']}: {meaning}"
        assert len(meaning) > 40
        assert len(action) > 40


def test_macros_fit_a_screen_and_are_described(manifest: dict[str, Any]) -> None:
    macros = [m for m in manifest["macros"].values() if m["package_name"] == "login_elt"]
    assert len(macros) > 50
    for macro in macros:
        assert macro["macro_sql"].count("\n") < 60, macro["name"]
        if macro["name"].startswith("materialization_"):
            continue
        [signature] = re.findall(
            r"^{%-? (?:macro|test) \w+\((.*?)\)", macro["macro_sql"], re.DOTALL
        )
        names = [argument.split("=")[0].strip() for argument in signature.split(",") if argument]
        assert macro["description"], macro["name"]
        assert [argument["name"] for argument in macro["arguments"]] == names, macro["name"]
        assert all(argument["description"] for argument in macro["arguments"]), macro["name"]


def test_the_report_reads_the_models_that_its_exposure_names() -> None:
    read = "".join(path.read_text("utf-8") for path in (ROOT / "report/sql").glob("*.sql"))
    assert {name for name in PUBLIC if re.search(rf"\b(from|join) {name}\b", read)} == PUBLIC


def test_links_of_the_overview_lead_to_models() -> None:
    overview = (ROOT / "dbt_project/docs/overview.md").read_text("utf-8")
    linked = re.findall(r"\[(\w+)\]\(#!/model/model\.login_elt\.(\w+)\)", overview)
    assert all(name == target for name, target in linked)
    assert {name for name, _ in linked} == PUBLIC
    query = re.search(r"```sql\n(.*?)```", overview, re.DOTALL)
    assert query
