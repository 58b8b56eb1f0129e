"""The ways in which dbt is run: each works, or is refused in a line."""

import shutil
from pathlib import Path

import pytest

from tests.conftest import Pipeline
from tests.logins import login, logins
from tests.test_materialization import with_contract


def run(pipeline: Pipeline, *arguments: str, **env: str) -> str:
    """Run dbt, insist that it succeeds, and return what it said."""
    outcome = pipeline.dbt(*arguments, **env)
    assert outcome.code == 0, outcome.output
    return outcome.output


def listed(pipeline: Pipeline, *arguments: str) -> set[str]:
    """Return the names of the models that a selection means."""
    command = ("--quiet", "ls", "--resource-type", "model", "--output", "name")
    return set(run(pipeline, *command, *arguments).split())


@pytest.fixture
def published(pipeline: Pipeline, tmp_path: Path) -> Path:
    """Build, make a schema for a developer, and return a directory with the state of the build."""
    pipeline.send([*logins(4), login(5, device_id="device-0001"), "[]"])
    pipeline.build()
    pipeline.sql("create schema dev authorization login_transformer")
    shutil.copy2(Path(pipeline.env["DBT_TARGET_PATH"]) / "manifest.json", tmp_path)
    return tmp_path


def test_a_name_selects_one_model(pipeline: Pipeline) -> None:
    """As the runners of Airflow and Dagster ask for it, one by one."""
    pipeline.vault("init")
    models = listed(pipeline)
    assert len(models) > 5
    for model in ("user_logins", "daily_logins", "stg_logins"):
        assert listed(pipeline, "--select", model) == {model}


@pytest.mark.parametrize("option", [("--empty",), ("--sample", "1 day")])
def test_what_would_mark_messages_as_read_is_refused(
    pipeline: Pipeline, option: tuple[str, ...]
) -> None:
    pipeline.send(logins(2))
    pipeline.build()
    pipeline.send(logins(3))
    pipeline.load()
    refused = pipeline.dbt("build", *option)
    assert refused.code != 0
    assert f"{option[0]} would mark messages as read that no model has" in refused.output
    pipeline.build()
    assert pipeline.value("select count(*) from user_logins") == 5


def test_one_model_in_a_schema_of_its_own_follows_the_published_one(
    pipeline: Pipeline, published: Path
) -> None:
    """Every build of it, not the first alone."""
    own = ("run", "--select", "daily_logins", "rejected_logins", "shared_identifiers")
    alone = pipeline.dbt(*own, DBT_SCHEMA="dev")
    assert alone.code != 0
    assert "dev.user_logins" in alone.output

    deferred = (*own, "--defer", "--state", str(published))
    for _ in range(2):
        run(pipeline, *deferred, DBT_SCHEMA="dev")
        for model in ("daily_logins", "rejected_logins", "shared_identifiers"):
            counted = f"select * from {{}}.{model} order by 1, 2"
            own_rows, rows = (pipeline.sql(counted.format(s)) for s in ("dev", "public"))
            assert own_rows == rows
            assert rows
        pipeline.send([login(1), login(6, device_id="device-0001"), "[]"])
        pipeline.build()
    assert pipeline.value("select sum(logins) from public.daily_logins") == 9


def test_a_clone_is_built_on_and_leaves_what_it_was_made_of(
    pipeline: Pipeline, published: Path
) -> None:
    # A clone has views, and where there are views an administrator is refused.
    dana = {"PGUSER": "dana", "PGPASSWORD": "x"}
    pipeline.sql("create role dana login password 'x' in role login_transformer")
    try:
        run(pipeline, "clone", "--state", str(published), DBT_SCHEMA="dev", **dana)
        assert pipeline.value("select count(*) from dev.user_logins") == 5
        pipeline.send(logins(2))
        assert pipeline.load().code == 0
        run(pipeline, "build", "--full-refresh", **dana)
        assert pipeline.value("select count(*) from dev.user_logins") == 7
        run(pipeline, "run", DBT_SCHEMA="dev", **dana)
    finally:
        pipeline.sql("drop role dana")
    relations = "select count(*) from pg_class where relnamespace = 'dev'::regnamespace and relkind"
    assert pipeline.value(f"{relations} = 'v'") == 0
    assert pipeline.value(f"{relations} = 'r'") == len(listed(pipeline, "--exclude", "stg_*"))
    assert pipeline.value("select count(*) from public.user_logins") == 7


def test_what_failed_is_retried(pipeline: Pipeline) -> None:
    pipeline.send(logins(3))
    pipeline.build()
    pipeline.send(logins(2))
    pipeline.load()
    pipeline.sql("alter table daily_logins add constraint broken check (logins < 1) not valid")
    failed = pipeline.dbt("build")
    assert failed.code != 0
    pipeline.sql("alter table daily_logins drop constraint broken")
    assert "model public.user_logins " not in run(pipeline, "retry")
    assert pipeline.value("select sum(logins) from daily_logins") == 5
    assert pipeline.sql("select landed, logins from pipeline_health") == [(5, 5)]


def test_fail_fast_would_leave_no_record_and_is_refused(pipeline: Pipeline) -> None:
    pipeline.send(logins(3))
    pipeline.load()
    for threads in ((), ("--threads", "1")):
        refused = pipeline.dbt("build", "--fail-fast", *threads)
        assert refused.code != 0
        assert "--fail-fast may not end what other threads run" in refused.output
    run(pipeline, "build")
    assert pipeline.value("select count(*) from user_logins") == 3


def test_the_other_ways_work(pipeline: Pipeline) -> None:
    for threads in ("1", "8"):
        pipeline.send(logins(2))
        pipeline.build("--threads", threads)
    run(pipeline, "docs", "generate")
    run(pipeline, "source", "freshness")
    assert pipeline.value("select count(*) from user_logins") == 4


VIEWS = ("user_logins", "daily_logins", "app_versions", "pipeline_health")


def test_views_of_others_on_models_survive_every_build(pipeline: Pipeline) -> None:
    pipeline.send(logins(3))
    pipeline.build()
    for model in VIEWS:
        pipeline.sql(f"create view public.of_{model} as select * from {model}")
    for arguments in ((), ("--full-refresh",)):
        pipeline.send(logins(2))
        pipeline.build(*arguments)
        for model in VIEWS:
            rows = pipeline.sql(f"select * from {model} order by 1, 2")
            assert pipeline.sql(f"select * from of_{model} order by 1, 2") == rows
    assert pipeline.value("select count(*) from of_user_logins") == 7
    # A table that has to change its columns says what is in the way.
    pipeline.sql("alter table user_logins add column more text")
    refused = pipeline.dbt("build", "--full-refresh")
    assert refused.code != 0
    assert "other objects depend on it" in refused.output
    assert pipeline.value("select count(*) from of_user_logins") == 7


def test_a_table_that_dbt_did_not_make_is_neither_filled_nor_dropped(pipeline: Pipeline) -> None:
    """As the image of Postgres that others prepare may hold one."""
    pipeline.send(logins(3))
    pipeline.load()
    pipeline.sql("create table public.user_logins (user_id varchar(128), create_date date)")
    for arguments in ((), ("--full-refresh",)):
        refused = pipeline.dbt("build", *arguments)
        assert refused.code != 0
        assert "dbt did not make public.user_logins of " in refused.output
    # One of dbt's role, which no build of this database has made.
    pipeline.sql("alter table public.user_logins owner to login_transformer")
    refused = pipeline.dbt("build")
    assert refused.code != 0
    assert "public.user_logins" in refused.output
    assert pipeline.value("select count(*) from user_logins") == 0
    pipeline.build("--full-refresh")
    assert pipeline.value("select count(*) from user_logins") == 3


@pytest.mark.parametrize(
    ("option", "said"),
    [
        ("incremental_strategy: merge", "landed cannot do incremental_strategy: merge"),
        (
            "on_schema_change: sync_all_columns",
            "landed cannot do on_schema_change: sync_all_columns",
        ),
        ("unlogged: true", "landed cannot do unlogged: True"),
        ("contract: {enforced: false}", "landed needs contract: {enforced: true}"),
    ],
)
def test_an_option_is_honoured_or_refused(
    pipeline: Pipeline, tmp_path: Path, option: str, said: str
) -> None:
    pipeline.vault("init")
    new = f"    config:\n      {option}\n      indexes:\n"
    refused = with_contract(pipeline, tmp_path, "    config:\n      indexes:\n", new, "run")
    assert refused.code != 0
    assert said in refused.output
