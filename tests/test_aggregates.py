"""What is counted from user_logins is what a count from the start would give, whatever happened."""

import json
import random
from datetime import datetime, timedelta, timezone

from psycopg.types.json import Json

from tests.conftest import Pipeline, Rows
from tests.logins import login, logins

# What each aggregate says, and the same counted at once from user_logins.
COUNTED = {
    "select kind, masked_value, users, logins, first_seen, last_seen from shared_identifiers": """
        select kind, value, count(distinct user_id), count(*), min(sent_at), max(sent_at)
        from user_logins
        cross join lateral (
            values ('ip', masked_ip), ('device_id', masked_device_id)
        ) as masked (kind, value)
        where value is not null
        group by kind, value having count(distinct user_id) > 1
    """,
    "select create_date, device_type, locale, logins, users from daily_logins": """
        select create_date, device_type, locale, count(*), count(distinct user_id)
        from user_logins
        group by create_date, device_type, locale
    """,
    "select create_date, app_version, logins, users from daily_app_versions": """
        select create_date, app_version, count(*), count(distinct user_id)
        from user_logins where app_version is not null
        group by create_date, app_version
    """,
    "select app_version, logins, users, first_seen, last_seen from app_versions": """
        select app_version, count(*), count(distinct user_id), min(sent_at), max(sent_at)
        from user_logins where app_version is not null
        group by app_version
    """,
}


def assert_counted_right(pipeline: Pipeline) -> None:
    for model, count in COUNTED.items():
        assert sorted(pipeline.sql(model), key=str) == sorted(pipeline.sql(count), key=str), model
    health = pipeline.sql("select landed, logins, rejected, erased from pipeline_health")
    ((landed, in_logins, rejected, erased),) = health
    assert landed == in_logins + rejected + erased
    assert in_logins == pipeline.value("select count(*) from user_logins")


def land(pipeline: Pipeline, count: int, chance: random.Random) -> None:
    """Land logins of few users, devices and versions, sent on any of twelve days."""
    now = datetime.now(timezone.utc)
    rows = [
        (
            f"message-{chance.getrandbits(64):x}",
            Json(
                json.loads(
                    login(
                        chance.randrange(30),
                        device_id=f"device-{chance.randrange(20)}",
                        ip=chance.choice([None, f"192.0.2.{chance.randrange(20)}"]),
                        app_version=chance.choice(["2.3.0", "2.10", "no version", None]),
                        device_type=chance.choice(["ios", "android", None]),
                    )
                )
            ),
            chance.choice([now - timedelta(days=chance.randrange(12)), None]),
        )
        for _ in range(count)
    ]
    with pipeline.connect() as connection, connection.transaction():
        connection.execute(
            "insert into raw.loads (load_id, received, landed, already_there, quarantined)"
            " values (md5(pg_current_xact_id()::text)::uuid, %s, %s, 0, 0)",
            [count, count],
        )
        connection.cursor().executemany(
            "insert into raw.raw_logins (message_id, body, sent_at, load_id)"
            " values (%s, %s, %s, md5(pg_current_xact_id()::text)::uuid)",
            rows,
        )


def masks(pipeline: Pipeline) -> Rows:
    return pipeline.sql("select masked_value from shared_identifiers")


def test_every_build_counts_what_one_build_would(pipeline: Pipeline) -> None:
    pipeline.vault("init")
    chance = random.Random(5)
    for size in (150, 40, 1, 0, 60):
        land(pipeline, size, chance)
        built = pipeline.dbt("build")
        assert built.code == 0, built.output
        assert_counted_right(pipeline)
    assert len(masks(pipeline)) > 20

    # A person is erased: what they alone shared with one other is shared no more.
    before = masks(pipeline)
    assert pipeline.vault("erase", "--user-id", "user-0007").code == 0
    pipeline.dbt("build")
    assert_counted_right(pipeline)
    assert len(masks(pipeline)) <= len(before)

    # Rotated, every mask is another; purged, the masked rows stay and are counted as before.
    before = masks(pipeline)
    pipeline.vault("rotate-key")
    pipeline.build()
    assert_counted_right(pipeline)
    assert len(masks(pipeline)) == len(before)
    assert not set(masks(pipeline)) & set(before)
    assert pipeline.vault("purge", "--older-than", "0h").code == 0
    land(pipeline, 30, chance)
    pipeline.build()
    assert_counted_right(pipeline)
    pipeline.build("--full-refresh")
    assert_counted_right(pipeline)


def test_nothing_is_left_of_an_erased_person_who_was_alone(pipeline: Pipeline) -> None:
    pipeline.send([login(1), login(2, ip="192.0.2.9"), login(3, ip="192.0.2.9", locale="XX")])
    pipeline.build()
    assert pipeline.value("select users from shared_identifiers") == 2
    assert pipeline.vault("erase", "--user-id", "user-0003").code == 0
    pipeline.build()
    assert masks(pipeline) == []
    assert pipeline.value("select count(*) from daily_logins where locale = 'XX'") == 0
    assert pipeline.value("select users from app_versions") == 2


def test_what_follows_user_logins_is_made_anew_when_that_was(pipeline: Pipeline) -> None:
    """Built alone, as after a change of a rule, it would leave the others behind."""
    pipeline.send([*logins(4), login(5, device_id="device-0001")])
    pipeline.build()
    pipeline.sql('update raw.raw_logins set body = body || \'{"locale": "FR"}\'')
    assert pipeline.dbt("run", "--full-refresh", "--select", "user_logins").code == 0
    assert pipeline.sql("select distinct locale from user_logins") == [("FR",)]
    assert pipeline.sql("select distinct locale from daily_logins") != [("FR",)]
    assert pipeline.dbt("build").code == 0
    assert_counted_right(pipeline)
    assert pipeline.sql("select distinct locale from daily_logins") == [("FR",)]


def test_an_analyst_reads_every_model(pipeline: Pipeline) -> None:
    pipeline.send(logins(3))
    pipeline.build()
    models = (
        "shared_identifiers",
        "daily_logins",
        "daily_app_versions",
        "app_versions",
        "load_receipts",
        "pipeline_health",
    )
    for model in models:
        assert pipeline.sql(f"select count(*) from {model}", role="login_analyst")


def test_logins_that_earlier_versions_left_without_a_date_get_one(pipeline: Pipeline) -> None:
    """Of purged ones too, by the next build; what counts logins by day then counts them."""
    pipeline.send(logins(4))
    pipeline.build()
    masked = pipeline.sql("select message_id, masked_ip from user_logins order by 1")
    pipeline.sql("update raw.raw_logins set sent_at = null, landed_at = '2026-03-01 23:30-05'")
    pipeline.sql("alter table user_logins alter column create_date drop not null")
    pipeline.sql("update user_logins set create_date = null, sent_at = null")
    pipeline.sql(
        "update raw.raw_logins set body = null, removed = 'purged', removed_at = now()"
        " where body ->> 'user_id' < 'user-0002'"
    )
    pipeline.build()
    dates = pipeline.sql("select create_date::text, count(*) from user_logins group by 1")
    assert dates == [("2026-03-02", 4)]
    assert pipeline.sql("select message_id, masked_ip from user_logins order by 1") == masked
    assert pipeline.sql(
        "select is_nullable from information_schema.columns"
        " where table_name = 'user_logins' and column_name = 'create_date'"
    ) == [("NO",)]
    assert_counted_right(pipeline)
    # Once: the build after it is a later build again.
    made = "select made_xid::text from raw.model_windows where model = 'public.user_logins'"
    before = pipeline.value(made)
    pipeline.send(logins(1))
    pipeline.build()
    assert pipeline.value(made) == before
    assert_counted_right(pipeline)
