"""What dbt warns of in new rows: rejected messages, keys that nothing reads, odd addresses."""

import json
import re
from pathlib import Path
from typing import Any

import pytest

from tests.conftest import Pipeline
from tests.logins import login, logins
from tests.test_data_tests import named

REJECTED = "new_messages_that_are_rejected"
UNREAD = "keys_that_nothing_reads"
ADDRESSES = "addresses_that_are_none"
# Of another producer, as raw.login_of can be made to read it.
ADAPTED = """
    create or replace function raw.login_of(body jsonb) returns jsonb
    language sql immutable parallel safe
    return case
        when body ->> 'kind' = 'heartbeat' then null
        when body ? 'user_id' then body
        else jsonb_build_object(
            'user_id', body -> 'userId', 'ip', body -> 'ipAddress',
            'device_id', body -> 'device' -> 'id', 'device_type', body -> 'device' -> 'os',
            'app_version', body -> 'appVersion', 'locale', body -> 'lang'
        )
    end
"""


def warned(pipeline: Pipeline, *arguments: str, **env: str) -> tuple[set[str], str]:
    """Load and build, and return the tests that warn and what dbt printed."""
    assert pipeline.load().code == 0
    built = pipeline.dbt("build", *arguments, **env)
    assert built.code == 0, built.output
    return named(built, "WARN"), built.output


def unread(output: str) -> list[str]:
    """Return the names that dbt printed."""
    found = re.search(r"Keys of new messages that nothing reads: (.*)", output)
    return found[1].split(", ") if found else []


def foreign(**changes: Any) -> str:
    fields = {
        "userId": "u1",
        "email": "Ann@Example.org",
        "ipAddress": "203.0.113.7",
        "device": {"id": "abc", "os": "ios", "model": "x1"},
        "appVersion": "4.2.1",
        "lang": None,
    }
    return json.dumps(fields | changes)


def test_many_rejected_messages_are_warned_of_once(pipeline: Pipeline) -> None:
    pipeline.send([*logins(18), '{"user_id": 7}'])
    assert warned(pipeline)[0] == set()  # too few to say
    pipeline.send([*logins(38), '{"user_id": 7}', '{"user_id": 7}'])
    assert warned(pipeline)[0] == set()  # 5 % of them
    pipeline.send([*logins(37), *['{"user_id": 7}'] * 3])
    assert warned(pipeline)[0] == {REJECTED}
    # Not of what earlier builds have read.
    assert warned(pipeline)[0] == set()


def test_the_share_that_is_warned_of_is_a_variable(pipeline: Pipeline) -> None:
    pipeline.send([*logins(18), *['{"user_id": 7}'] * 2])
    assert warned(pipeline, "--vars", "rejected_share: 0.1")[0] == set()


def test_messages_that_are_meant_to_be_no_login_are_no_reason_to_warn(pipeline: Pipeline) -> None:
    pipeline.vault("init")
    pipeline.sql(ADAPTED)
    pipeline.send([*logins(3), *['{"kind": "heartbeat", "beat": 1}'] * 40])
    assert warned(pipeline)[0] == set()
    assert pipeline.sql("select rejection_reason, count(*) from rejected_logins group by 1") == [
        ("no_login", 40)
    ]


def test_keys_that_nothing_reads_are_named(pipeline: Pipeline) -> None:
    pipeline.send([*logins(3), login(4, ipAddress="203.0.113.7", geo={"city": "x", "lat": 1})])
    names, output = warned(pipeline)
    assert names == {UNREAD}
    assert unread(output) == ["geo", "ipAddress"]
    assert "203.0.113." not in output
    # In an envelope, too. Not again what earlier builds have read; a null says nothing.
    pipeline.send(
        [json.dumps({"Type": "Notification", "Message": login(5, session="s", zone=None)})]
    )
    assert unread(warned(pipeline)[1]) == ["session"]


def test_keys_that_an_adapted_function_reads_are_not_named(pipeline: Pipeline) -> None:
    pipeline.vault("init")
    pipeline.sql(ADAPTED)
    pipeline.send([foreign(), foreign(lang="de")])
    assert unread(warned(pipeline)[1]) == ["device.model", "email"]
    assert pipeline.value("select count(*) from user_logins where device_type = 'ios'") == 2


def test_hostile_keys_are_counted_and_not_printed(pipeline: Pipeline, tmp_path: Path) -> None:
    hostile = {f"someone@203.0.113.{n}": 1 for n in range(4)} | {"k" * 65: 1, "'); drop": 1}
    plain = {f"key{n:02}": 1 for n in range(30)}
    pipeline.send([login(1, **hostile, **plain)])
    folders = {"DBT_TARGET_PATH": f"{tmp_path}/target", "DBT_LOG_PATH": f"{tmp_path}/logs"}
    output = warned(pipeline, **folders)[1]
    assert unread(output) == [f"key{n:02}" for n in range(20)] + ["and-others.16"]
    files = [p.read_bytes() for p in tmp_path.rglob("*") if p.is_file()]
    assert len(files) > 5
    for value in (b"203.0.113.", b"k" * 65, b"'); drop"):
        assert not any(value in content for content in files)


@pytest.mark.parametrize(
    ("address", "is_odd"),
    [
        ("::ffff:203.0.113.7", False),
        ("2001:DB8::1%eth0", False),
        ("unknown", False),
        (None, False),
        ("Berlin", True),
        ("203.0.113.777", True),
    ],
)
def test_addresses_that_are_none_are_warned_of(
    pipeline: Pipeline, address: str | None, is_odd: bool
) -> None:
    pipeline.send([*logins(2), login(3, ip=address)])
    names, output = warned(pipeline)
    assert names == ({ADDRESSES} if is_odd else set())
    assert "203.0.113." not in output


def test_logins_in_envelopes_are_published(pipeline: Pipeline) -> None:
    plain = login(1)
    event = {"detail-type": "login", "source": "app", "detail": json.loads(plain)}
    bodies = [
        plain,
        json.dumps({"Type": "Notification", "Message": plain}),
        json.dumps(event),
        json.dumps(plain),
        json.dumps({"Type": "Notification", "Message": json.dumps(event)}),
    ]
    pipeline.send(bodies)
    pipeline.build()
    assert pipeline.sql(
        "select user_id, app_version, count(*), count(distinct masked_ip),"
        " count(distinct masked_device_id) from user_logins group by 1, 2"
    ) == [("user-0001", 2003000, 5, 1, 1)]
    assert pipeline.value("select count(*) from rejected_logins") == 0
