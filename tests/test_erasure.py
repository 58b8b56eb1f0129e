"""Erasure of a person, purge of what is old, and commands that are killed."""

import json
import subprocess
import time
from pathlib import Path

import pytest

from tests.conftest import ROOT, Pipeline, one_line, slowed
from tests.logins import login, logins

REASON = "support case 4711"

BODIES_AND_ROWS = """
    select count(*) filter (where body is null), (select count(*) from user_logins)
    from raw.raw_logins
"""


def test_an_erased_user_is_gone_and_stays_gone(pipeline: Pipeline) -> None:
    quarantined = '{"user_id": "user-0003", "ip": "192.0.2.4'
    rejected = login(3, ip=7)
    neighbours = [login(30), '{"user_id": "user-00031", "ip']
    pipeline.send([*logins(5), login(3), rejected, quarantined, *neighbours])
    pipeline.build()
    pipeline.send([login(3, locale="FR")])  # landed, and not built yet
    pipeline.load()
    ids = {
        i
        for (i,) in pipeline.sql(
            "select message_id from raw.raw_logins where body ->> 'user_id' = 'user-0003'"
        )
    }
    assert len(ids) == 4
    erased = pipeline.vault("erase", "--user-id", "-", stdin="user-0003\n")
    assert erased.code == 0, erased.stderr
    assert "erased 5 messages" in erased.stderr
    assert "user-0003" not in erased.stdout + erased.stderr
    assert pipeline.value("select count(*) from user_logins where user_id = 'user-0003'") == 0
    assert pipeline.value("select count(*) from user_logins") == 5
    assert pipeline.value("select count(*) from rejected_logins") == 0
    assert {
        i for (i,) in pipeline.sql("select message_id from raw.raw_logins where removed = 'erased'")
    } == ids
    assert pipeline.sql("select body from raw.quarantined_messages where body is not null") == [
        (neighbours[1],)
    ]
    everything = (
        pipeline.sql("select r::text from raw.raw_logins as r")
        + pipeline.sql("select r::text from raw.quarantined_messages as r")
        + pipeline.sql("select r::text from vault.erasure as r")
    )
    assert "user-0003" not in repr(everything).replace("user-00031", "")
    assert "user-0003" not in (pipeline.logs / "postgres.log").read_text("utf-8", "replace")

    # Delivered again, it stays erased; so also from the start.
    pipeline.sql(
        f"select raw.land(gen_random_uuid(), array['{min(ids)}'], array['{login(3)}'],"
        " array[null]::timestamptz[], array[1], array[null], array[null])",
        role="login_loader",
    )
    pipeline.build()
    pipeline.build("--full-refresh")
    assert pipeline.value("select count(*) from user_logins where user_id = 'user-0003'") == 0
    assert pipeline.value("select count(*) from user_logins") == 5
    assert (
        pipeline.vault("recover", "--message-id", min(ids), "--reason", REASON).stdout.count("\n")
        == 1
    )


def test_an_erasure_finds_what_is_no_login_and_spares_the_neighbours(pipeline: Pipeline) -> None:
    his = [
        '[{"user_id": "10"}]',
        '{"user_id": ["10"]}',
        json.dumps(login(1, user_id="10")),  # JSON in JSON
        'user 10 logged in from 192.0.2.1"',
        '{"user_id": "10", "ip": "192.0',
    ]
    others = [
        '{"user_id": "10@example.com", "ip": "192.0',
        '{"user_id": "8", "ip": "10.1.2.3',
        "user u-10 logged in from 10.0.0.10",
        login(2, device_type="10"),
        '["1010"]',
    ]
    pipeline.send([*his, *others])
    pipeline.build()
    erased = pipeline.vault("erase", "--user-id", "-", stdin="10\r\n")
    assert erased.code == 0, erased.stderr
    assert "erased 5 messages" in erased.stderr
    left = pipeline.sql(
        "select count(*) from raw.raw_logins where body is not null union all"
        " select count(*) from raw.quarantined_messages where body is not null"
    )
    assert left == [(2,), (3,)]
    assert pipeline.value("select count(*) from rejected_logins") == 1
    assert pipeline.dbt("build", "--selector", "nightly").code == 0
    assert "nothing was found" in pipeline.vault("erase", "--user-id", "nobody").stderr


def test_an_erasure_is_replayed_after_a_restore(pipeline: Pipeline, tmp_path: Path) -> None:
    pipeline.send([*logins(5), login(2)])
    pipeline.build()
    backup = tmp_path / "backup"
    settings = ("--dbname", pipeline.env["PGDATABASE"])
    assert pipeline.run("pg_dump", *settings, "--format=custom", f"--file={backup}").code == 0
    assert pipeline.vault("erase", "--user-id", "user-0002").code == 0
    kept = tmp_path / "erasures"
    kept.write_text(pipeline.vault("audit", "--erasures").stdout)

    restored = pipeline.run(
        "pg_restore", *settings, "--clean", "--if-exists", "--single-transaction", str(backup)
    )
    assert restored.code == 0, restored.stderr
    assert pipeline.value("select count(*) from user_logins where user_id = 'user-0002'") == 2
    assert "erased 0 messages" in pipeline.vault("erase", "--replay").stderr
    assert "erased 2 messages" in pipeline.vault("erase", "--replay", str(kept)).stderr
    assert pipeline.value("select count(*) from user_logins") == 4


def test_a_purged_user_can_still_be_erased(pipeline: Pipeline) -> None:
    pipeline.send(logins(4))
    pipeline.build()
    pipeline.vault("purge", "--older-than", "0h")
    assert "erased 1 messages" in pipeline.vault("erase", "--user-id", "user-0002").stderr
    pipeline.build("--full-refresh")
    assert pipeline.value("select count(*) from user_logins") == 3


def test_a_purge_empties_old_bodies_and_keeps_masked_rows(pipeline: Pipeline) -> None:
    pipeline.send([*logins(6), "{", "[]"])
    refused = pipeline.vault("purge", "--older-than", "0h")
    assert refused.code == 3
    pipeline.load()
    refused = pipeline.vault("purge", "--older-than", "0h")
    assert (refused.code, "user_logins is not built" in one_line(refused)) == (2, True)
    pipeline.build()
    before = pipeline.sql("select * from user_logins order by message_id")
    pipeline.sql(
        "update raw.raw_logins set sent_at = now() - interval '91 days'"
        " where body ->> 'user_id' < 'user-0003'"
    )
    pipeline.send([login(9)])
    pipeline.load()  # landed, and not read by any model yet
    assert "purged 3 messages" in pipeline.vault("purge", "--older-than", "90d").stderr
    assert "purged 5 messages" in pipeline.vault("purge", "--older-than", "0h").stderr
    assert pipeline.value("select count(*) from raw.raw_logins where body is not null") == 1
    assert (
        pipeline.value("select count(*) from raw.quarantined_messages where body is not null") == 0
    )
    assert pipeline.sql("select * from user_logins order by message_id") == before

    # What is left of the purged messages is kept when the table is made anew.
    pipeline.build("--full-refresh")
    kept = set(pipeline.sql("select * from user_logins"))
    assert len(kept) == 7
    assert set(before) <= kept
    assert pipeline.value("select count(*) from rejected_logins") == 1

    pipeline.sql("drop table user_logins")
    assert "user_logins is not built" in pipeline.vault("purge", "--older-than", "0h").stderr
    lost = pipeline.dbt("build")
    assert lost.code != 0
    assert "of purged messages its rows were all that was left" in lost.output
    assert pipeline.dbt("run", "--vars", "accept_history_loss: true").code == 0
    assert pipeline.value("select count(*) from user_logins") == 1


@pytest.mark.parametrize("age", ["90", "90 days", "-1d", "d", ""])
def test_an_age_is_days_or_hours(pipeline: Pipeline, age: str) -> None:
    outcome = pipeline.vault("purge", f"--older-than={age}")
    assert outcome.code == 2
    assert "give days or hours, as 90d or 12h" in outcome.stderr


@pytest.mark.parametrize(
    ("command", "table", "state"),
    [
        (("rotate-key",), "vault.masking_key", "select count(*) from vault.masking_key"),
        (
            ("erase", "--user-id", "user-0001"),
            "raw.raw_logins",
            BODIES_AND_ROWS,
        ),
        (
            ("purge", "--older-than", "0h"),
            "raw.raw_logins",
            BODIES_AND_ROWS,
        ),
    ],
)
def test_a_killed_command_leaves_nothing_half_done_and_can_be_run_again(
    pipeline: Pipeline, command: tuple[str, ...], table: str, state: str
) -> None:
    pipeline.send(logins(12))
    pipeline.build()
    before = pipeline.sql(state)
    with slowed(pipeline, table):
        process = subprocess.Popen(["python", "-m", "vault", *command], env=pipeline.env, cwd=ROOT)
        while not pipeline.value(
            "select count(*) from pg_stat_activity where wait_event = 'PgSleep'"
        ):
            time.sleep(0.05)
        process.kill()
        process.wait()
        pipeline.sql(
            "select pg_terminate_backend(pid) from pg_stat_activity where wait_event = 'PgSleep'"
        )
        while pipeline.value("select count(*) from pg_stat_activity where wait_event = 'PgSleep'"):
            time.sleep(0.05)
    assert pipeline.sql(state) == before
    assert pipeline.vault(*command).code == 0
    assert pipeline.sql(state) != before
    assert pipeline.dbt("build").code == 0
