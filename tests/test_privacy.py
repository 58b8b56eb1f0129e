"""Recovery, rotation, erasure and purge, end to end."""

import base64
import subprocess
import threading
import time
from collections import Counter
from collections.abc import Iterator
from contextlib import contextmanager
from pathlib import Path
from typing import Any

import pytest

from tests.conftest import ROOT, Pipeline, one_line
from tests.logins import login, logins

REASON = "support case 4711"

BODIES_AND_ROWS = """
    select count(*) filter (where body is null), (select count(*) from user_logins)
    from raw.raw_logins
"""


def masks(pipeline: Pipeline) -> dict[str, tuple[Any, ...]]:
    rows = pipeline.sql("select message_id, masked_ip, masked_device_id from user_logins")
    return {message_id: (ip, device) for message_id, ip, device in rows}


def grouping(pipeline: Pipeline, column: str) -> Counter[frozenset[str]]:
    """Return which messages share a mask, whatever the mask is."""
    return Counter(
        frozenset(group)
        for (group,) in pipeline.sql(
            f"select array_agg(message_id) from user_logins group by {column}"
        )
    )


# --- recovery


def test_a_recovery_discloses_what_was_asked_for_and_is_on_record(pipeline: Pipeline) -> None:
    pipeline.send(
        [
            login(1, ip="192.0.2.77"),
            login(2, ip="192.0.2.2"),
            login(3, ip="::ffff:192.0.2.2"),
            "[1]",
        ]
    )
    pipeline.build()
    mask = pipeline.value("select masked_ip from user_logins where user_id = 'user-0002'")
    found = pipeline.load("recover", "--masked-ip", mask, "--reason", REASON, "--ticket", "T-1")
    assert found.code == 0, found.stderr
    lines = [line.split("\t") for line in found.stdout.splitlines()]
    assert lines[0] == ["message_id", "sent_at", "ip", "device_id"]
    assert sorted(line[2:] for line in lines[1:]) == [["192.0.2.2", ""], ["::ffff:192.0.2.2", ""]]
    assert "192.0.2.2" not in found.stderr

    device = pipeline.value("select masked_device_id from user_logins where user_id = 'user-0001'")
    found = pipeline.load("recover", "--masked-device-id", device, "--reason", REASON)
    assert [line.split("\t")[2:] for line in found.stdout.splitlines()[1:]] == [["", "device-0001"]]

    message = pipeline.value("select message_id from user_logins where user_id = 'user-0001'")
    found = pipeline.load("recover", "--message-id", message, "--reason", REASON)
    assert found.stdout.splitlines()[1].split("\t")[2:] == ["192.0.2.77", "device-0001"]

    listed = [line.split("\t") for line in pipeline.load("audit").stdout.splitlines()]
    assert [line[listed[0].index("kind")] for line in listed[1:]] == [
        "masked_ip",
        "masked_device_id",
        "message_id",
    ]
    assert [line[listed[0].index("messages")] for line in listed[1:]] == ["2", "1", "1"]
    assert all(REASON in line for line in listed[1:])
    log = (pipeline.logs / "postgres.log").read_text("utf-8", "replace")
    assert "login recovery: request 1 disclosed to postgres, 2 messages" in log
    assert "192.0.2.2" not in log


def test_what_is_disclosed_gives_the_terminal_no_orders(pipeline: Pipeline) -> None:
    pipeline.send([login(1, ip="\x1b[2J\t192.0.2.1\n")])
    pipeline.build()
    message = pipeline.value("select message_id from user_logins")
    found = pipeline.load("recover", "--message-id", message, "--reason", REASON)
    assert found.stdout.splitlines()[1].split("\t")[2] == r"\x1b[2J\t192.0.2.1\n"


def test_a_recovery_without_a_reason_or_beyond_the_limit_is_refused(pipeline: Pipeline) -> None:
    pipeline.send([login(1)])
    pipeline.build()
    refused = pipeline.load("recover", "--message-id", "m", "--reason", "because")
    assert refused.code == 3
    assert "a reason of at least 10 characters is needed" in one_line(refused)
    pipeline.sql("update vault.settings set value = '2' where name = 'recoveries_per_hour'")
    for code in (0, 0, 3):
        outcome = pipeline.load("recover", "--message-id", "m", "--reason", REASON)
        assert outcome.code == code, outcome.stderr
    assert "2 requests in an hour are the limit" in one_line(outcome)


def test_a_rolled_back_disclosure_stays_in_the_server_log(pipeline: Pipeline) -> None:
    pipeline.send([login(1)])
    pipeline.build()
    ask = f"select vault.request_recovery('message_id', 'm', '{REASON}')"
    request = pipeline.sql(ask, role="login_recovery")[0][0]
    with pipeline.connect() as connection:
        connection.execute("set role login_recovery")
        connection.execute("begin")
        connection.execute("select * from vault.recover(%s)", [request])
        connection.execute("rollback")
    assert pipeline.value("select count(*) from vault.recovery_request") == 1
    log = (pipeline.logs / "postgres.log").read_text("utf-8", "replace")
    assert f"login recovery: request {request} disclosed to postgres, 0 messages" in log


# --- keys


def test_keys_may_come_from_outside_and_are_never_printed(
    pipeline: Pipeline, tmp_path: Path
) -> None:
    ip, device = bytes(range(32)), bytes(range(40))
    file = tmp_path / "key"
    file.write_text(base64.b64encode(device).decode() + "\n")
    given = {"MASKING_KEY_IP": ip.hex(), "MASKING_KEY_DEVICE_ID_FILE": str(file)}
    assert pipeline.load("init", **given).code == 0
    assert pipeline.load("init", **given).code == 0
    rows = pipeline.sql("select domain, secret from vault.masking_key order by domain")
    (_, found_device), (_, erasure), (_, found_ip) = rows
    assert (found_ip, found_device, len(erasure)) == (ip, device, 32)

    other = pipeline.load("init", MASKING_KEY_IP="ab" * 32)
    assert other.code == 2
    assert "another key than the database masks with" in one_line(other)
    for wrong in ("ab" * 31, "no key at all", "ü"):
        refused = pipeline.load("init", MASKING_KEY_IP=wrong)
        assert refused.code == 2
        assert "MASKING_KEY_IP is no key" in one_line(refused)
        assert wrong not in refused.output
    missing = pipeline.load("init", MASKING_KEY_IP_FILE=str(tmp_path / "none"))
    assert "cannot read a key from" in one_line(missing)
    said = "".join(pipeline.outputs) + (pipeline.logs / "postgres.log").read_text("utf-8")
    assert ip.hex() not in said
    assert "ab" * 32 not in said


def test_a_rotation_publishes_everything_anew_under_the_new_key(pipeline: Pipeline) -> None:
    pipeline.send([*logins(30), *logins(10)])
    pipeline.build()
    before = masks(pipeline)
    groups = {column: grouping(pipeline, column) for column in ("masked_ip", "masked_device_id")}
    rotated = pipeline.load("rotate-key", "--domain", "ip")
    assert rotated.code == 0, rotated.stderr
    assert "added ip:2" in rotated.stderr
    assert masks(pipeline) == before
    again = pipeline.load("rotate-key")
    assert again.code == 2
    assert "a rotated key is not published yet" in one_line(again)

    pipeline.send(logins(5))
    pipeline.build()
    after = masks(pipeline)
    assert len(after) == 45
    assert all(after[i][0] != mask[0] and after[i][1] == mask[1] for i, mask in before.items())
    assert len({ip for ip, _ in after.values()}) == 30
    for column, group in groups.items():
        kept = Counter(
            frozenset(messages & before.keys()) for messages in grouping(pipeline, column)
        )
        assert kept == group

    # Raw was complete: the old key masks nothing any more.
    assert pipeline.load("destroy-key", "--domain", "ip", "--version", "1").code == 2
    destroyed = pipeline.load(
        "destroy-key", "--domain", "ip", "--version", "1", "--confirm", "ip:1"
    )
    assert destroyed.code == 0, destroyed.stderr
    in_use = pipeline.load("destroy-key", "--domain", "ip", "--version", "2", "--confirm", "ip:2")
    assert in_use.code == 2
    assert "masks are computed with it" in one_line(in_use)
    pipeline.build("--full-refresh")
    assert masks(pipeline) == after


def test_a_rotation_after_a_purge_masks_the_old_masks(pipeline: Pipeline) -> None:
    pipeline.send([*logins(20), *logins(8), "[1]"])
    pipeline.build()
    assert "purged 29 messages" in pipeline.load("purge", "--older-than", "0h").stderr
    pipeline.send(logins(4))
    pipeline.build()
    before = masks(pipeline)
    groups = {column: grouping(pipeline, column) for column in ("masked_ip", "masked_device_id")}
    assert len(before) == 32

    assert pipeline.load("rotate-key").code == 0
    refused = pipeline.load("purge", "--older-than", "0h")
    assert refused.code == 2
    assert "a rotated key is not published yet" in one_line(refused)
    pipeline.build()
    after = masks(pipeline)
    assert after.keys() == before.keys()
    assert not {m for ms in after.values() for m in ms} & {m for ms in before.values() for m in ms}
    assert {c: grouping(pipeline, c) for c in groups} == groups
    assert pipeline.value("select count(*) from rejected_logins") == 1
    assert pipeline.value("select distinct key_chain from raw.model_windows") == (
        "device_id:1+2 ip:1+2"
    )
    # A new login of an old address finds its old companions.
    pipeline.send([login(3)])
    pipeline.build()
    assert (
        pipeline.value(
            "select max(n) from (select count(*) as n from user_logins"
            " group by masked_device_id) as g"
        )
        == 4
    )
    # The old version is part of the chain.
    kept = pipeline.load("destroy-key", "--domain", "ip", "--version", "1", "--confirm", "ip:1")
    assert kept.code == 2
    # And once more.
    groups = {column: grouping(pipeline, column) for column in groups}
    pipeline.load("rotate-key")
    pipeline.build()
    assert {c: grouping(pipeline, c) for c in groups} == groups


def test_a_reader_sees_one_version_and_no_empty_table_during_a_rotation(
    pipeline: Pipeline,
) -> None:
    pipeline.send(logins(50))
    pipeline.build()
    versions: set[tuple[Any, ...]] = set()
    stop = threading.Event()

    def read() -> None:
        with pipeline.connect() as connection:
            connection.execute("set role login_analyst")
            query = "select count(*), md5(string_agg(masked_ip, '' order by message_id))"
            while not stop.is_set():
                versions.add(
                    tuple(connection.execute(f"{query} from user_logins".encode()).fetchone() or ())
                )

    reader = threading.Thread(target=read)
    reader.start()
    try:
        pipeline.load("rotate-key")
        pipeline.build()
    finally:
        stop.set()
        reader.join()
    assert len(versions) == 2
    assert {count for count, _ in versions} == {50}


def test_an_old_build_that_waited_does_not_mix_versions(pipeline: Pipeline) -> None:
    """It planned with the old key, and a rotation was published before its turn came."""
    pipeline.send(logins(5))
    pipeline.build()
    pipeline.send(logins(5))
    pipeline.load()
    with pipeline.connect() as connection:
        connection.execute("begin")
        connection.execute("select from raw.model_windows for update")
        waiting = subprocess.Popen(
            ["dbt", "run"],
            env=pipeline.env | {"DBT_TARGET_PATH": f"{pipeline.logs}/waiting"},
            cwd=ROOT,
            stdout=subprocess.PIPE,
            text=True,
        )
        while not pipeline.value(
            "select count(*) from pg_stat_activity where wait_event_type = 'Lock'"
        ):
            time.sleep(0.05)
        connection.execute("update raw.model_windows set key_chain = 'device_id:1 ip:9'")
        connection.execute("commit")
    output = waiting.communicate(timeout=60)[0]
    assert waiting.returncode != 0
    assert "while this build waited: run it again" in output
    assert pipeline.value("select count(*) from user_logins") == 5


# --- erasure and purge


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
    erased = subprocess.run(
        ["python", "-m", "loader", "erase", "--user-id", "-"],
        input="user-0003\n",
        env=pipeline.env,
        cwd=ROOT,
        check=True,
        capture_output=True,
        text=True,
    )
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
        "insert into raw.raw_logins (message_id, body, load_id)"
        f" values ('{min(ids)}', '{login(3)}', gen_random_uuid()) on conflict do nothing",
        role="login_loader",
    )
    pipeline.build()
    pipeline.build("--full-refresh")
    assert pipeline.value("select count(*) from user_logins where user_id = 'user-0003'") == 0
    assert pipeline.value("select count(*) from user_logins") == 5
    assert (
        pipeline.load("recover", "--message-id", min(ids), "--reason", REASON).stdout.count("\n")
        == 1
    )


def test_an_erasure_is_replayed_after_a_restore(pipeline: Pipeline, tmp_path: Path) -> None:
    pipeline.send([*logins(5), login(2)])
    pipeline.build()
    backup = tmp_path / "backup"
    settings = ("--dbname", pipeline.env["PGDATABASE"])
    assert pipeline.run("pg_dump", *settings, "--format=custom", f"--file={backup}").code == 0
    assert pipeline.load("erase", "--user-id", "user-0002").code == 0
    kept = tmp_path / "erasures"
    kept.write_text(pipeline.load("audit", "--erasures").stdout)

    restored = pipeline.run(
        "pg_restore", *settings, "--clean", "--if-exists", "--single-transaction", str(backup)
    )
    assert restored.code == 0, restored.stderr
    assert pipeline.value("select count(*) from user_logins where user_id = 'user-0002'") == 2
    assert "erased 0 messages" in pipeline.load("erase", "--replay").stderr
    assert "erased 2 messages" in pipeline.load("erase", "--replay", str(kept)).stderr
    assert pipeline.value("select count(*) from user_logins") == 4


def test_a_purged_user_can_still_be_erased(pipeline: Pipeline) -> None:
    pipeline.send(logins(4))
    pipeline.build()
    pipeline.load("purge", "--older-than", "0h")
    assert "erased 1 messages" in pipeline.load("erase", "--user-id", "user-0002").stderr
    pipeline.build("--full-refresh")
    assert pipeline.value("select count(*) from user_logins") == 3


def test_a_purge_empties_old_bodies_and_keeps_masked_rows(pipeline: Pipeline) -> None:
    pipeline.send([*logins(6), "{", "[]"])
    refused = pipeline.load("purge", "--older-than", "0h")
    assert refused.code == 3
    pipeline.load()
    refused = pipeline.load("purge", "--older-than", "0h")
    assert (refused.code, "user_logins is not built" in one_line(refused)) == (2, True)
    pipeline.build()
    before = pipeline.sql("select * from user_logins order by message_id")
    pipeline.sql(
        "update raw.raw_logins set sent_at = now() - interval '91 days'"
        " where body ->> 'user_id' < 'user-0003'"
    )
    pipeline.send([login(9)])
    pipeline.load()  # landed, and not read by any model yet
    assert "purged 3 messages" in pipeline.load("purge", "--older-than", "90d").stderr
    assert "purged 5 messages" in pipeline.load("purge", "--older-than", "0h").stderr
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
    lost = pipeline.dbt("build")
    assert lost.code != 0
    assert "of purged messages its rows were all that was left" in lost.output
    pipeline.build(
        "--vars", "accept_history_loss: true", "--exclude", "every_landed_message_is_in_one_model"
    )
    assert pipeline.value("select count(*) from user_logins") == 1


@pytest.mark.parametrize("age", ["90", "90 days", "-1d", "d", ""])
def test_an_age_is_days_or_hours(pipeline: Pipeline, age: str) -> None:
    outcome = pipeline.load("purge", f"--older-than={age}")
    assert outcome.code == 2
    assert "give days or hours, as 90d or 12h" in outcome.stderr


# --- crashes


@contextmanager
def slowed(pipeline: Pipeline, table: str) -> Iterator[None]:
    """Let every statement that changes a table take long enough to be killed in the middle."""
    pipeline.sql(
        "create function public.slow() returns trigger language plpgsql"
        " as $$ begin perform pg_sleep(20); return null; end $$"
    )
    pipeline.sql(
        f"create trigger slow after insert or update on {table}"
        " for each statement execute function public.slow()"
    )
    try:
        yield
    finally:
        pipeline.sql(f"drop trigger slow on {table}")
        pipeline.sql("drop function public.slow()")


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
        process = subprocess.Popen(["python", "-m", "loader", *command], env=pipeline.env, cwd=ROOT)
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
    assert pipeline.load(*command).code == 0
    assert pipeline.sql(state) != before
    assert pipeline.dbt("build").code == 0


def test_a_killed_republication_changes_nothing_and_the_next_one_completes(
    pipeline: Pipeline,
) -> None:
    pipeline.send(logins(12))
    pipeline.build()
    before = masks(pipeline)
    pipeline.load("rotate-key")
    with slowed(pipeline, "raw.model_windows"):
        build = subprocess.Popen(
            ["dbt", "run"], env=pipeline.env, cwd=ROOT, stdout=subprocess.DEVNULL
        )
        while not pipeline.value(
            "select count(*) from pg_stat_activity where wait_event = 'PgSleep'"
        ):
            time.sleep(0.05)
        build.kill()
        build.wait()
        pipeline.sql(
            "select pg_terminate_backend(pid) from pg_stat_activity where wait_event = 'PgSleep'"
        )
    assert masks(pipeline) == before
    pipeline.build()
    assert not set(before.values()) & set(masks(pipeline).values())
