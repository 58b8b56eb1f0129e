"""Masking keys: brought from outside, rotated, destroyed."""

import base64
import subprocess
import threading
import time
from collections import Counter
from pathlib import Path
from typing import Any

from tests.adapted import make_adapted
from tests.conftest import ROOT, Pipeline, one_line, slowed
from tests.logins import login, logins


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


def test_keys_may_come_from_outside_and_are_never_printed(
    pipeline: Pipeline, tmp_path: Path
) -> None:
    ip, device = bytes(range(32)), bytes(range(40))
    file = tmp_path / "key"
    file.write_text(base64.b64encode(device).decode() + "\n")
    given = {"MASKING_KEY_IP": ip.hex(), "MASKING_KEY_DEVICE_ID_FILE": str(file)}
    assert pipeline.vault("init", **given).code == 0
    assert pipeline.vault("init", **given).code == 0
    rows = pipeline.sql("select domain, secret from vault.masking_key order by domain")
    (_, found_device), (_, erasure), (_, found_ip) = rows
    assert (found_ip, found_device, len(erasure)) == (ip, device, 32)

    other = pipeline.vault("init", MASKING_KEY_IP="ab" * 32)
    assert other.code == 2
    assert "another key than the database masks with" in one_line(other)
    for wrong in ("ab" * 31, "no key at all", "ü"):
        refused = pipeline.vault("init", MASKING_KEY_IP=wrong)
        assert refused.code == 2
        assert "MASKING_KEY_IP is no key" in one_line(refused)
        assert wrong not in refused.output
    missing = pipeline.vault("init", MASKING_KEY_IP_FILE=str(tmp_path / "none"))
    assert "cannot read a key from" in one_line(missing)
    said = "".join(pipeline.outputs) + pipeline.server_log()
    assert ip.hex() not in said
    assert "ab" * 32 not in said


def test_a_key_that_no_field_would_use_is_refused(pipeline: Pipeline) -> None:
    said = (
        "belongs to no personal field: unset it, or name one of MASKING_KEY_DEVICE_ID,"
        " MASKING_KEY_IP, MASKING_KEY_ERASURE"
    )
    for variable in ("MASKING_KEY_DEVICE", "MASKING_KEY_ip", "MASKING_KEY_DEVICES_FILE"):
        refused = pipeline.vault("init", **{variable: "ab" * 32})
        assert refused.code == 2
        assert f"{variable} {said}" in one_line(refused)
        assert "ab" * 32 not in refused.output
    assert pipeline.vault("init", MASKING_KEY_DEVICE="").code == 0
    refused = pipeline.vault("rotate-key", MASKING_KEY_EMIAL="ab" * 32)
    assert refused.code == 2
    assert f"MASKING_KEY_EMIAL {said}" in one_line(refused)
    assert pipeline.value("select max(version) from vault.masking_key") == 1


def test_keys_follow_the_list_of_personal_fields(pipeline: Pipeline, tmp_path: Path) -> None:
    adapted = make_adapted(pipeline, tmp_path)
    keys = "select domain || ':' || version from vault.masking_key order by 1"
    assert pipeline.sql(keys) == [("device_id:1",), ("email:1",), ("erasure:1",), ("ip:1",)]
    assert pipeline.value("select vault.key_chain()") == "device_id:1 email:1 ip:1"

    given = {"MASKING_KEY_EMAIL": "cd" * 32}
    rotated = pipeline.vault("rotate-key", "--field", "email", **given)
    assert "added email:2" in rotated.stderr
    assert adapted.vault("init", **given).code == 0
    assert pipeline.value(
        "select secret from vault.masking_key where domain = 'email' and version = 2"
    ) == bytes.fromhex("cd" * 32)
    assert "added device_id:2, email:3, ip:2" in pipeline.vault("rotate-key").stderr
    destroyed = pipeline.vault(
        "destroy-key", "--field", "email", "--version", "1", "--confirm", "email:1"
    )
    assert destroyed.code == 0, destroyed.stderr

    for field in ("phone", "erasure"):
        said = f"{field} is not a personal field: name one of device_id, email, ip"
        version = ("--version", "1", "--confirm", f"{field}:1")
        for command in (("rotate-key",), ("destroy-key", *version)):
            refused = pipeline.vault(*command, "--field", field)
            assert (refused.code, one_line(refused)) == (2, said)

    pipeline.sql("delete from vault.masking_key where domain = 'email'")
    examined = pipeline.vault("doctor").stdout
    assert "FAIL  keys: email: run `python -m vault init`" in examined
    assert "ok    keys: ip" in examined
    refused = pipeline.vault("rotate-key", "--field", "email")
    assert refused.code == 2
    assert "email has no key yet: run `python -m vault init`" in one_line(refused)
    assert adapted.vault("init").code == 0
    assert "ok    keys: email" in pipeline.vault("doctor").stdout

    # What is no longer listed is not rotated, and its keys can be destroyed.
    adapted.list_fields("device_id")
    assert adapted.vault("init").code == 0
    assert pipeline.value("select vault.key_chain()") == "device_id:2"
    assert "added device_id:3" in pipeline.vault("rotate-key").stderr
    assert "ip is not a personal field: name one of device_id" in one_line(
        pipeline.vault("rotate-key", "--field", "ip")
    )
    destroyed = pipeline.vault(
        "destroy-key", "--field", "ip", "--version", "2", "--confirm", "ip:2"
    )
    assert destroyed.code == 0, destroyed.stderr


def test_a_rotation_publishes_everything_anew_under_the_new_key(pipeline: Pipeline) -> None:
    pipeline.send([*logins(30), *logins(10)])
    pipeline.build()
    before = masks(pipeline)
    groups = {column: grouping(pipeline, column) for column in ("masked_ip", "masked_device_id")}
    rotated = pipeline.vault("rotate-key", "--field", "ip")
    assert rotated.code == 0, rotated.stderr
    assert "added ip:2" in rotated.stderr
    assert masks(pipeline) == before
    again = pipeline.vault("rotate-key")
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
    assert pipeline.vault("destroy-key", "--field", "ip", "--version", "1").code == 2
    destroyed = pipeline.vault(
        "destroy-key", "--field", "ip", "--version", "1", "--confirm", "ip:1"
    )
    assert destroyed.code == 0, destroyed.stderr
    in_use = pipeline.vault("destroy-key", "--field", "ip", "--version", "2", "--confirm", "ip:2")
    assert in_use.code == 2
    assert "masks are computed with ip:2" in one_line(in_use)
    pipeline.build("--full-refresh")
    assert masks(pipeline) == after


def test_a_rotation_after_a_purge_masks_the_old_masks(pipeline: Pipeline) -> None:
    pipeline.send([*logins(20), *logins(8), "[1]"])
    pipeline.build()
    assert "purged 29 messages" in pipeline.vault("purge", "--older-than", "0h").stderr
    pipeline.send(logins(4))
    pipeline.build()
    before = masks(pipeline)
    groups = {column: grouping(pipeline, column) for column in ("masked_ip", "masked_device_id")}
    assert len(before) == 32

    assert pipeline.vault("rotate-key").code == 0
    refused = pipeline.vault("purge", "--older-than", "0h")
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
    kept = pipeline.vault("destroy-key", "--field", "ip", "--version", "1", "--confirm", "ip:1")
    assert kept.code == 2
    # And once more.
    groups = {column: grouping(pipeline, column) for column in groups}
    pipeline.vault("rotate-key")
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
        pipeline.vault("rotate-key")
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
            env=pipeline.env | {"DBT_TARGET_PATH": pipeline.target(pipeline.logs / "waiting")},
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


def test_a_killed_republication_changes_nothing_and_the_next_one_completes(
    pipeline: Pipeline,
) -> None:
    pipeline.send(logins(12))
    pipeline.build()
    before = masks(pipeline)
    pipeline.vault("rotate-key")
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


def test_the_version_of_a_destroyed_key_is_never_given_to_another(pipeline: Pipeline) -> None:
    pipeline.send(logins(6))
    pipeline.build()
    destroyed = pipeline.vault(
        "destroy-key", "--field", "ip", "--version", "1", "--confirm", "ip:1", "--even-in-use"
    )
    assert destroyed.code == 0, destroyed.stderr
    refused = pipeline.dbt("build")
    assert "a masking key is missing" in refused.output
    assert pipeline.vault("init").code == 0
    pipeline.send(logins(6))
    pipeline.build()
    assert pipeline.sql("select distinct key_chain from raw.model_windows") == [
        ("device_id:1 ip:2",)
    ]
    assert pipeline.sql(
        "select count(*), count(distinct masked_ip), count(distinct masked_device_id)"
        " from user_logins"
    ) == [(12, 6, 6)]


def test_a_key_is_not_sent_to_a_server_that_logs_it(pipeline: Pipeline) -> None:
    pipeline.vault("init")
    # As where no superuser has run init. The owner inherits what the transformer may.
    pipeline.sql(
        "revoke set on parameter log_parameter_max_length from login_owner, login_transformer"
    )
    pipeline.sql("alter database logins set log_statement = 'all'")
    try:
        for command in (("rotate-key",), ("erase", "--user-id", "user-secret")):
            refused = pipeline.vault(*command, MASKING_KEY_IP="cd" * 32)
            assert refused.code == 3
            assert "log_parameter_max_length = 0" in one_line(refused)
    finally:
        pipeline.sql("alter database logins reset log_statement")
        pipeline.vault("init")
    log = pipeline.server_log()
    assert "cdcdcdcd" not in log
    assert "user-secret" not in log
