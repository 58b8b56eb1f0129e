"""The incremental window: no row is lost to a slow transaction, and none is read twice."""

import subprocess

from tests.conftest import ROOT, Pipeline
from tests.logins import login, logins

LAND = """
    insert into raw.raw_logins (message_id, body, load_id)
    values (%s, %s, '00000000-0000-0000-0000-000000000000')
"""
# But for landed_xid, which is of a cluster.
LOGINS = (
    "select user_id, device_type, masked_ip, masked_device_id, locale, app_version, create_date,"
    " message_id, sent_at from user_logins order by message_id"
)
# Only the models: the receipts' test has nothing to say about rows that no loader landed.
MODELS = ("build", "--select", "user_logins", "rejected_logins", "--exclude-resource-type", "test")


def ids(pipeline: Pipeline) -> list[str]:
    return [i for (i,) in pipeline.sql("select message_id from user_logins order by message_id")]


def test_a_slow_transaction_is_not_skipped(pipeline: Pipeline) -> None:
    pipeline.vault("init")
    with pipeline.connect() as slow, pipeline.connect() as fast:
        with slow.transaction():
            slow.execute(LAND, ["slow", login(1)])
            fast.execute(LAND, ["fast", login(2)])
            assert pipeline.dbt(*MODELS).code == 0
            # It waits for the older transaction, rather than passing it by.
            assert ids(pipeline) == []
        fast.execute(LAND, ["later", login(3)])
    assert pipeline.dbt(*MODELS).code == 0
    assert ids(pipeline) == ["fast", "later", "slow"]


def test_a_rolled_back_transaction_leaves_nothing(pipeline: Pipeline) -> None:
    pipeline.vault("init")
    with pipeline.connect() as connection:
        connection.execute("begin")
        connection.execute(LAND, ["undone", login(1)])
        connection.execute("rollback")
        connection.execute(LAND, ["done", login(2)])
    assert pipeline.dbt(*MODELS).code == 0
    assert ids(pipeline) == ["done"]


def test_a_failed_build_moves_nothing(pipeline: Pipeline) -> None:
    pipeline.send(logins(3))
    pipeline.build()
    windows = pipeline.sql("select * from raw.model_windows order by model")
    pipeline.sql("alter table user_logins add constraint broken check (user_id <> 'user-0009')")
    pipeline.send([login(8), login(9)])
    pipeline.load()
    assert pipeline.dbt("build").code != 0
    after = pipeline.sql("select * from raw.model_windows order by model")
    assert [w for w in after if "user_logins" in w[0]] == [
        w for w in windows if "user_logins" in w[0]
    ]
    assert pipeline.value("select count(*) from user_logins") == 3
    pipeline.sql("alter table user_logins drop constraint broken")
    pipeline.build()
    assert pipeline.value("select count(*) from user_logins") == 5


def test_two_builds_at_once_give_each_row_once(pipeline: Pipeline) -> None:
    pipeline.send(logins(20))
    pipeline.build()
    pipeline.send(logins(40))
    pipeline.load()
    builds = [
        subprocess.Popen(
            ["dbt", "build"],
            env=pipeline.env
            | {"DBT_TARGET_PATH": pipeline.target(pipeline.logs / f"build-{number}")},
            cwd=ROOT,
            stdout=subprocess.PIPE,
            text=True,
        )
        for number in range(2)
    ]
    outputs = [build.communicate(timeout=120)[0] for build in builds]
    assert [build.returncode for build in builds] == [0, 0], outputs
    assert pipeline.value("select count(*) from user_logins") == 60


def test_a_database_restored_from_another_cluster_is_not_misread(pipeline: Pipeline) -> None:
    """Its transaction ids are from another clock, as pg_restore brings them."""
    pipeline.send(logins(6))
    pipeline.build()
    before = pipeline.sql(LOGINS)
    for table in ("raw.raw_logins", "user_logins"):
        pipeline.sql(f"update {table} set landed_xid = '4000000000'")
    pipeline.sql("update raw.model_windows set last_xid = '4000000001'")
    for arguments in (["build"], ["build", "--full-refresh"]):
        refused = pipeline.dbt(*arguments)
        assert refused.code != 0
        assert "this database was restored from another cluster" in refused.output
    assert pipeline.sql(LOGINS) == before

    assert pipeline.vault("restamp").code == 0
    assert pipeline.vault("restamp").code == 0  # again, which changes nothing
    pipeline.send(logins(2))
    pipeline.build()
    after = pipeline.sql(LOGINS)
    assert len(after) == 8
    assert set(before) <= set(after)
    # What is built on user_logins reads the new ones, and none of the old ones again.
    assert pipeline.value("select sum(logins) from daily_logins") == 8


def test_a_window_that_ends_in_the_future_is_not_read_on(pipeline: Pipeline) -> None:
    """What lands after a restore would lie below it, and never be read."""
    pipeline.send(logins(3))
    pipeline.build()
    pipeline.sql("update raw.model_windows set last_xid = '4000000001'")
    assert "restored from another cluster" in pipeline.dbt("build").output


def test_a_dropped_table_is_made_anew_from_the_start(pipeline: Pipeline) -> None:
    pipeline.send(logins(7))
    pipeline.build()
    pipeline.sql("drop table user_logins")
    pipeline.build()
    assert pipeline.value("select count(*) from user_logins") == 7
