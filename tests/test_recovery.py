"""Raw values are disclosed for a reason, one request at a time, and on record."""

import json
from pathlib import Path

import psycopg
import pytest

from tests.adapted import make_adapted
from tests.conftest import Pipeline, on_record, one_line
from tests.logins import login

REASON = "support case 4711"


def table(printed: str) -> list[list[str]]:
    return [line.split("\t") for line in printed.splitlines()]


def warnings(log: str) -> list[str]:
    lines = [json.loads(line) for line in log.splitlines()]
    return [line["message"] for line in lines if line["level"] == "WARNING"]


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
    found = pipeline.vault(
        "recover", "--field", "ip", "--mask", mask, "--reason", REASON, "--ticket", "T-1"
    )
    assert found.code == 0, found.stderr
    lines = table(found.stdout)
    assert lines[0] == ["message_id", "sent_at", "ip"]
    assert sorted(line[2:] for line in lines[1:]) == [["192.0.2.2"], ["::ffff:192.0.2.2"]]
    assert "192.0.2.2" not in found.stderr
    assert warnings(found.stderr) == []

    device = pipeline.value("select masked_device_id from user_logins where user_id = 'user-0001'")
    found = pipeline.vault("recover", "--field", "device_id", "--mask", device, "--reason", REASON)
    assert [line[2:] for line in table(found.stdout)] == [["device_id"], ["device-0001"]]

    message = pipeline.value("select message_id from user_logins where user_id = 'user-0001'")
    found = pipeline.vault("recover", "--message-id", message, "--reason", REASON)
    assert [line[2:] for line in table(found.stdout)] == [
        ["ip", "device_id"],
        ["192.0.2.77", "device-0001"],
    ]

    listed = [line.split("\t") for line in pipeline.vault("audit").stdout.splitlines()]
    assert [line[listed[0].index("kind")] for line in listed[1:]] == [
        "masked_ip",
        "masked_device_id",
        "message_id",
    ]
    assert [line[listed[0].index("messages")] for line in listed[1:]] == ["2", "1", "1"]
    assert all(REASON in line for line in listed[1:])
    log = pipeline.server_log()
    assert "login recovery: request 1 disclosed to postgres, 2 messages" in log
    assert "192.0.2.2" not in log


def test_what_is_disclosed_gives_the_terminal_no_orders(pipeline: Pipeline) -> None:
    pipeline.send([login(1, ip="\x1b[2J\t192.0.2.1\n")])
    pipeline.build()
    message = pipeline.value("select message_id from user_logins")
    found = pipeline.vault("recover", "--message-id", message, "--reason", REASON)
    assert found.stdout.splitlines()[1].split("\t")[2] == r"\x1b[2J\t192.0.2.1\n"


def test_a_recovery_without_a_reason_or_beyond_the_limit_is_refused(pipeline: Pipeline) -> None:
    pipeline.send([login(1)])
    pipeline.build()
    refused = pipeline.vault("recover", "--message-id", "m", "--reason", "because")
    assert refused.code == 3
    assert "a reason of at least 10 characters is needed" in one_line(refused)
    pipeline.sql("update vault.settings set value = '2' where name = 'recoveries_per_hour'")
    for code in (0, 0, 3):
        outcome = pipeline.vault("recover", "--message-id", "m", "--reason", REASON)
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
    assert pipeline.value("select count(*) from vault.recovery_log()") == 1
    log = pipeline.server_log()
    assert f"login recovery: request {request} disclosed to postgres, 0 messages" in log


def test_a_recovery_that_discloses_nothing_says_why_and_is_on_record(pipeline: Pipeline) -> None:
    same = {"ip": "192.0.2.9"}
    pipeline.send([login(number, **same) for number in range(4)])
    pipeline.build()
    ids = [i for (i,) in pipeline.sql("select message_id from user_logins order by user_id")]
    mask = pipeline.value("select distinct masked_ip from user_logins")
    pipeline.sql(
        "update raw.raw_logins set body = null, removed = 'purged', removed_at = now()"
        f" where message_id = '{ids[0]}'"
    )
    # As after a change of raw.login_of that no longer finds the field.
    pipeline.sql(f"update raw.raw_logins set body = body - 'ip' where message_id = '{ids[1]}'")
    pipeline.sql(f"""update raw.raw_logins set body = '{{"a": 1}}' where message_id = '{ids[2]}'""")
    found = pipeline.vault("recover", "--field", "ip", "--mask", mask, "--reason", REASON)
    assert found.code == 0, found.stderr
    assert [[line[0], *line[2:]] for line in table(found.stdout)] == [
        ["message_id", "ip"],
        [ids[3], "192.0.2.9"],
    ]
    assert warnings(found.stderr) == [
        "1 messages are erased or purged: nothing to disclose in them",
        "2 messages have no such value: raw.login_of finds none in them",
    ]
    # Part of what was asked for is something.
    found = pipeline.vault("recover", "--message-id", ids[1], "--reason", REASON)
    assert [line[2:] for line in table(found.stdout)] == [["ip", "device_id"], ["", "device-0001"]]
    for lookup in (
        ("--message-id", ids[2]),
        ("--message-id", "unknown"),
        ("--field", "ip", "--mask", "0" * 64),
    ):
        found = pipeline.vault("recover", *lookup, "--reason", REASON)
        assert found.code == 0, found.stderr
        assert table(found.stdout) == [["message_id", "sent_at"]]
        assert len(warnings(found.stderr)) == 1
    assert warnings(found.stderr) == [
        "nothing was found: there is no message with that masked_ip:"
        " masks from before `rotate-key` are no longer published, give --message-id"
    ]
    assert pipeline.sql("select kind, messages from vault.recovery_log()") == [
        ("masked_ip", 1),
        ("message_id", 1),
        ("message_id", 0),
        ("message_id", 0),
        ("masked_ip", 0),
    ]


@pytest.mark.parametrize(
    ("options", "code", "said"),
    [
        (("--field", "ip", "--message-id", "m"), 2, "--field and --mask are given together"),
        (("--mask", "m"), 2, "--field and --mask are given together"),
        (
            ("--field", "user_id", "--mask", "m"),
            3,
            "recovery refused: there is no mask masked_user_id: the personal fields are"
            " device_id, ip",
        ),
        (
            ("--field", "ip", "--mask", "m"),
            3,
            "recovery refused: there is no table public.user_logins",
        ),
    ],
)
def test_what_cannot_be_looked_up_is_refused_in_one_line(
    pipeline: Pipeline, options: tuple[str, ...], code: int, said: str
) -> None:
    pipeline.vault("init")
    refused = pipeline.vault("recover", *options, "--reason", REASON)
    assert (refused.code, one_line(refused)) == (code, said)
    assert refused.stdout == ""


def test_a_recovery_follows_the_list_of_personal_fields(pipeline: Pipeline, tmp_path: Path) -> None:
    adapted = make_adapted(pipeline, tmp_path)
    pipeline.sql(
        "create table public.user_logins (message_id text, user_id text, masked_ip text)",
        role="login_transformer",
    )
    asked = ("recover", "--field", "email", "--mask", "m", "--reason", REASON)
    refused = pipeline.vault(*asked)
    assert refused.code == 3
    assert "public.user_logins has no column masked_email of text" in one_line(refused)
    for definition in ("masked_email bytea", "masked_email text"):
        pipeline.sql(
            "alter table public.user_logins drop column if exists masked_email,"
            f" add column {definition}",
            role="login_transformer",
        )
        if "bytea" in definition:
            assert "is no plain table" in one_line(pipeline.vault(*asked))
    pipeline.send([adapted.body(1), adapted.body(2), adapted.body(3, email=None)])
    assert pipeline.load().code == 0
    pipeline.sql(
        "insert into public.user_logins select message_id, body ->> 'userId', 'i', 'm'"
        " from raw.raw_logins",
        role="login_owner",
    )
    found = pipeline.vault(*asked)
    assert found.code == 0, found.stderr
    heading, *lines = table(found.stdout)
    assert heading == ["message_id", "sent_at", "email"]
    assert sorted(line[2] for line in lines) == ["User1@Example.org", "User2@Example.org"]
    assert warnings(found.stderr) == [
        "1 messages have no such value: raw.login_of finds none in them"
    ]
    found = pipeline.vault("recover", "--message-id", lines[0][0], "--reason", REASON)
    assert table(found.stdout)[0] == ["message_id", "sent_at", "ip", "email", "device_id"]
    assert table(found.stdout)[1][3] == lines[0][2]


def test_earlier_requests_of_a_field_that_is_not_listed_stay_on_record(pipeline: Pipeline) -> None:
    pipeline.vault("init")
    request = {"request": 1, "kind": "masked_phone", "lookup": "m", "reason": REASON}
    on_record(pipeline, "request", "now()", "postgres", json.dumps(request))
    audited = pipeline.vault("audit")
    assert audited.code == 0, audited.stderr
    assert "masked_phone" in audited.stdout
    with pytest.raises(psycopg.errors.RaiseException, match="is not for a personal field"):
        pipeline.sql("select vault.recover(1)", role="login_recovery")
