"""Macros that are broken on purpose: a build publishes nothing, and says so without a value."""

import shutil
from pathlib import Path

import pytest

from tests.conftest import ROOT, Outcome, Pipeline, Rows
from tests.logins import login

MASK = "{{ keyed_hash(value, field, masking_chain(field)) }}"
MASKS = "dbt_project/macros/mask_pii.sql"
LOGINS = "dbt_project/models/marts/user_logins.sql"
REJECTED = "dbt_project/models/marts/rejected_logins.sql"
# A device id that looks like a mask.
HEX = "0123456789abcdef" * 4

# Which file says what instead, what dbt says, and of how many rows of a window of five.
BROKEN = {
    "the plain value": (MASKS, MASK, "{{ value }}", "have a mask that is none", 3),
    "no mask": (MASKS, MASK, "nullif({{ value }}, {{ value }})", "have no mask", 3),
    "the plain value where it looks like a mask": (
        MASKS,
        MASK,
        "case when {{ value }} ~ '^[0-9a-f]{64}$' then {{ value }} else " + MASK + " end",
        "have the plain value for a mask",
        1,
    ),
    "a dropped login": (
        LOGINS,
        "rejection_reason is null",
        "rejection_reason is null and user_id not like '%1'",
        "rows of user_logins are missing",
        1,
    ),
    "a dropped rejection": (
        REJECTED,
        "rejection_reason is not null",
        "rejection_reason is not null and rejection_reason <> 'body_not_object'",
        "rows of rejected_logins are missing",
        1,
    ),
}


def messages(series: int) -> list[str]:
    """Return three logins, one of which has a value of every kind, and two others."""
    return [
        login(10 * series + 1, ip=f"203.0.113.{series}", device_id=HEX),
        login(10 * series + 2, ip="203.0.113.77", device_id="device-of-somebody"),
        login(10 * series + 3, ip="unknown", device_id="device-of-nobody"),
        "[]",
        '{"user_id": 7}',
    ]


def built(
    pipeline: Pipeline, folder: Path, change: tuple[str, str, str], *arguments: str
) -> Outcome:
    """Build in a copy of the project, in which a file says something else."""
    copy = folder / "project"
    shutil.copytree(ROOT / "dbt_project", copy / "dbt_project", dirs_exist_ok=True)
    for name in ("dbt_project.yml", "profiles.yml", "selectors.yml"):
        shutil.copy2(ROOT / name, copy / name)
    file, old, new = change
    text = (ROOT / file).read_text("utf-8")
    assert old in text
    (copy / file).write_text(text.replace(old, new), "utf-8")
    settings = {
        "DBT_PROJECT_DIR": str(copy),
        "DBT_TARGET_PATH": str(folder / "target"),
        "DBT_LOG_PATH": str(folder / "logs"),
    }
    return pipeline.dbt("--log-level-file", "debug", "build", *arguments, **settings)


def published(pipeline: Pipeline) -> list[Rows]:
    """Return what analysts can see, and how far the models have read."""
    return [
        pipeline.sql(f"select * from {table} order by message_id")
        if pipeline.value(f"select to_regclass('{table}') is not null")
        else []
        for table in ("user_logins", "rejected_logins")
    ]


def assert_no_value_is_written(pipeline: Pipeline, folder: Path, output: str) -> None:
    files = [p for name in ("target", "logs") for p in (folder / name).rglob("*") if p.is_file()]
    assert len(files) > 5
    written = {str(file): file.read_bytes().decode("utf-8", "replace") for file in files}
    written["output"] = output
    written["server log"] = pipeline.server_log()
    for where, text in written.items():
        for value in ("203.0.113.", "device-of-", HEX):
            assert value not in text, where


@pytest.mark.parametrize("broken", BROKEN)
@pytest.mark.parametrize("build", ["first", "later", "full refresh", "rotation"])
def test_a_broken_macro_publishes_nothing(
    pipeline: Pipeline, tmp_path: Path, broken: str, build: str
) -> None:
    *change, said, rows = BROKEN[broken]
    pipeline.send(messages(1))
    pipeline.vault("init")
    if build == "first":
        pipeline.load()
    else:
        pipeline.build()
    if build == "later":
        pipeline.send(messages(2))
        pipeline.load()
    if build == "rotation":
        assert pipeline.vault("rotate-key").code == 0
    before = published(pipeline)
    model = "rejected_logins" if change[0] == REJECTED else "user_logins"
    window = f"select last_xid, key_chain from raw.model_windows where model = 'public.{model}'"
    windows = pipeline.sql(window)

    arguments = ("--full-refresh",) if build == "full refresh" else ()
    failed = built(pipeline, tmp_path, (change[0], change[1], change[2]), *arguments)
    assert failed.code != 0
    assert "Nothing is published: " in failed.output
    assert f"{rows} rows of {model} " in failed.output
    assert said in failed.output
    assert "undo the last change of" in failed.output
    assert pipeline.sql(window) == windows
    after = published(pipeline)
    if model == "user_logins":
        assert after == before
    else:
        assert after[1] == before[1]
    assert_no_value_is_written(pipeline, tmp_path, failed.output)

    repaired = pipeline.dbt("build")
    assert repaired.code == 0, repaired.output
    (logins, rejected) = published(pipeline)
    assert (len(logins), len(rejected)) == ((6, 4) if build == "later" else (3, 2))


def test_purged_rows_are_not_dropped_in_a_rotation(pipeline: Pipeline, tmp_path: Path) -> None:
    pipeline.send(messages(1))
    pipeline.build()
    assert pipeline.vault("purge", "--older-than", "0h").code == 0
    assert pipeline.vault("rotate-key").code == 0
    before = published(pipeline)
    for new in ("= 'purged' and published.user_id like '%1'", "= 'nothing'"):
        change = (LOGINS, "= 'purged'", new)
        failed = built(pipeline, tmp_path, change)
        assert failed.code != 0
        assert "rows of user_logins are missing" in failed.output
        assert published(pipeline) == before
    built_again = pipeline.dbt("build")
    assert built_again.code == 0, built_again.output
    assert [len(rows) for rows in published(pipeline)] == [3, 2]


def test_a_missing_key_is_a_mask_that_no_table_takes(pipeline: Pipeline) -> None:
    pipeline.vault("init")
    mask = "mask_pii(\"'192.0.2.1'\", 'ip')"
    shown = pipeline.dbt("--quiet", "compile", "--inline", f"select {{{{ {mask} }}}} as mask")
    assert shown.code == 0, shown.output
    pipeline.sql("delete from vault.masking_key")
    assert pipeline.sql(shown.output) == [("no masking key",)]


def test_a_table_of_an_earlier_version_gets_its_constraints(pipeline: Pipeline) -> None:
    pipeline.send(messages(1))
    pipeline.build()
    checks = (
        "select conname, convalidated from pg_constraint"
        " where conrelid = 'user_logins'::regclass and conname like 'masked%' order by 1"
    )
    present = [("masked_device_id_check", True), ("masked_ip_check", True)]
    assert pipeline.sql(checks) == present
    pipeline.sql("alter table user_logins drop constraint masked_ip_check")
    pipeline.build()
    assert pipeline.sql(checks) == present


@pytest.mark.parametrize("name", ["ip", "IP"])
def test_a_column_with_the_name_of_a_personal_field_is_refused(
    pipeline: Pipeline, tmp_path: Path, name: str
) -> None:
    pipeline.send(messages(1))
    pipeline.load()
    contract = "dbt_project/models/marts/user_logins.yml"
    change = (contract, "- name: locale\n", f"- name: {name}\n")
    failed = built(pipeline, tmp_path, change)
    assert failed.code != 0
    assert f"the column {name} of user_logins has the name of a personal field" in failed.output
    assert pipeline.value("select to_regclass('user_logins') is null")
