"""The materialization of our own keeps what dbt's promises: contract, constraints, new columns."""

import re
import shutil
from pathlib import Path

import pytest

from tests.conftest import ROOT, Outcome, Pipeline
from tests.logins import login, logins

MODEL = "dbt_project/models/marts/user_logins.yml"
COLUMNS = """
    select attname, format_type(atttypid, atttypmod), attnotnull from pg_attribute
    where attrelid = 'user_logins'::regclass and attnum > 0 order by attnum
"""
CONSTRAINTS = """
    select pg_get_constraintdef(oid) from pg_constraint
    where conrelid = 'user_logins'::regclass and contype in ('c', 'p') order by 1
"""
INDEXES = """
    select replace(pg_get_indexdef(indexrelid), indexrelid::regclass::text, '') from pg_index
    where indrelid = 'user_logins'::regclass order by 1
"""


def with_contract(pipeline: Pipeline, folder: Path, old: str, new: str, *command: str) -> Outcome:
    """Run dbt in a copy of the project in which the contract says something else."""
    copy = folder / "project"
    shutil.copytree(ROOT / "dbt_project", copy / "dbt_project", dirs_exist_ok=True)
    for name in ("dbt_project.yml", "profiles.yml", "selectors.yml"):
        shutil.copy2(ROOT / name, copy / name)
    text = (ROOT / MODEL).read_text("utf-8")
    assert old in text
    (copy / MODEL).write_text(text.replace(old, new, 1), "utf-8")
    settings = {"DBT_PROJECT_DIR": str(copy), "DBT_TARGET_PATH": str(folder / "target")}
    return pipeline.dbt(*command, "--select", "user_logins", **settings)


def test_a_table_made_anew_is_the_same_table(pipeline: Pipeline) -> None:
    pipeline.send(logins(3))
    pipeline.build()
    queries = (COLUMNS, CONSTRAINTS, INDEXES)
    first = [pipeline.sql(query) for query in queries]
    assert ("user_id", "character varying(128)", True) in first[0]
    assert ("PRIMARY KEY (message_id)",) in first[1]
    assert len(first[1]) == 4
    assert len(first[2]) == 6
    pipeline.build("--full-refresh")
    assert [pipeline.sql(query) for query in queries] == first
    tables = pipeline.sql(
        "select relname from pg_class where relname like '%dbt%' and relkind = 'r'"
    )
    assert tables == []


# What the contract says instead, how the table that is there would say it, what dbt says.
BREACHES = {
    "length": (
        ("varchar(32)", "varchar(3)"),
        "alter table user_logins alter column device_type type varchar(3) using 'ios'",
        "value too long for type character varying(3)",
    ),
    "check": (
        ("app_version >= 0", "app_version >= 9000000"),
        "alter table user_logins add check (app_version >= 9000000) not valid",
        "app_version_check",
    ),
    "type": (
        ("data_type: integer", "data_type: text"),
        "select",
        "This model has an enforced contract that failed",
    ),
}


@pytest.mark.parametrize("breach", BREACHES)
@pytest.mark.parametrize("arguments", [(), ("--full-refresh",)])
def test_what_breaks_the_contract_is_refused(
    pipeline: Pipeline, tmp_path: Path, breach: str, arguments: tuple[str, ...]
) -> None:
    """Never cut, and never half: the table stays as it was."""
    (old, new), table, said = BREACHES[breach]
    pipeline.send(logins(3))
    pipeline.build()
    if not arguments:
        pipeline.sql(table)
    before = pipeline.sql("select * from user_logins order by message_id")
    pipeline.send([login(4)])
    pipeline.load()
    refused = with_contract(pipeline, tmp_path, old, new, "run", *arguments)
    assert refused.code != 0
    assert said in refused.output
    assert pipeline.sql("select * from user_logins order by message_id") == before


def test_a_column_that_the_contract_has_and_the_table_lacks_is_added(pipeline: Pipeline) -> None:
    pipeline.send(logins(2))
    pipeline.build()
    pipeline.sql("alter table user_logins drop column locale")
    pipeline.send([login(4, locale="FR")])
    pipeline.build()
    assert pipeline.sql("select count(*), max(locale) from user_logins") == [(3, "FR")]


def test_no_row_is_written_twice(pipeline: Pipeline, tmp_path: Path) -> None:
    pipeline.send(logins(3))
    pipeline.build()
    log = ("--log-level-file", "debug")
    for arguments in ((), ("--full-refresh",)):
        pipeline.send(logins(2))
        pipeline.load()
        ran = pipeline.dbt(*log, "run", "--select", "marts", *arguments, DBT_LOG_PATH=str(tmp_path))
        assert ran.code == 0, ran.output
    sent = (tmp_path / "dbt.log").read_text("utf-8")
    assert len(re.findall(r"insert into \"logins\".\"public\"", sent)) == 6
    assert len(re.findall(r"create table \S+ as", sent)) == 6
    assert "temporary table" not in sent
