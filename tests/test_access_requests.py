"""Access to everything held about a person: asked for with a reason, and on record."""

import json
from typing import Any

import psycopg
import pytest

from tests.conftest import Pipeline, one_line
from tests.logins import login, logins

REASON = "request of 4 March, letter 17"
PERSON = "user-0003"
ASKED = ("access", "--user-id", PERSON, "--reason", REASON)


def document(pipeline: Pipeline, user_id: str = PERSON, *options: str) -> dict[str, Any]:
    """Ask for everything about a person, and return what was printed."""
    asked = ("access", "--user-id", "-", "--reason", REASON, *options)
    found = pipeline.vault(*asked, stdin=f"{user_id}\n")
    assert found.code == 0, found.stderr
    assert user_id not in found.stderr
    printed: dict[str, Any] = json.loads(found.stdout)
    return printed


def test_everything_about_a_person_is_disclosed_and_on_record(pipeline: Pipeline) -> None:
    rejected = login(3, ip=7)
    enveloped = json.dumps({"Type": "Notification", "Message": login(3, locale="FR")})
    quarantined = '{"user_id": "user-0003", "ip": "192.0.2.4'
    neighbours = [login(30), '{"user_id": "user-00031", "ip']
    pipeline.send([*logins(5), login(3), rejected, enveloped, quarantined, *neighbours])
    pipeline.build()
    purged = pipeline.value(
        "select min(message_id) from user_logins where user_id = 'user-0003' and locale is null"
    )
    pipeline.sql(
        "update raw.raw_logins set body = null, attributes = null, removed = 'purged',"
        f" removed_at = now() where message_id = '{purged}'"
    )
    pipeline.send([login(3, locale="DE")])  # landed, and not built yet
    pipeline.load()

    found = document(pipeline, PERSON, "--ticket", "T-1")
    assert found["user_id"] == PERSON
    bodies = [message["body"] for message in found["messages"]]
    assert sorted(json.dumps(body, sort_keys=True) for body in bodies) == sorted(
        json.dumps(body and json.loads(body), sort_keys=True)
        for body in ("null", login(3), rejected, enveloped, login(3, locale="DE"))
    )
    assert [m["message_id"] for m in found["messages"] if m["removed"] == "purged"] == [purged]
    for message in found["messages"]:
        assert message["sent_at"] <= message["landed_at"]
        assert message["attributes"] or message["removed"]
    assert [message["body"] for message in found["quarantined_messages"]] == [quarantined]
    assert found["quarantined_messages"][0]["sqlstate"] == "22P02"

    held = {message["message_id"] for message in found["messages"]}
    logins_of = found["published"]["public.user_logins"]
    assert {row["user_id"] for row in logins_of} == {PERSON}
    rows = pipeline.sql("select message_id, masked_ip from user_logins where user_id = 'user-0003'")
    assert {(row["message_id"], row["masked_ip"]) for row in logins_of} == set(rows)
    rejections = found["published"]["public.rejected_logins"]
    assert {row["message_id"] for row in rejections} <= held
    assert len(rejections) >= 1
    assert found["published"].keys() == {"public.user_logins", "public.rejected_logins"}

    assert "user-0003" not in pipeline.vault("audit").stdout
    audited = [line.split("\t") for line in pipeline.vault("audit").stdout.splitlines()]
    on_record = dict(zip(*audited, strict=True))
    assert (on_record["kind"], on_record["messages"]) == ("access", "6")
    assert (on_record["reason"], on_record["ticket"]) == (REASON, "T-1")
    log = pipeline.server_log()
    assert "login recovery: request 1 disclosed to postgres, 6 messages" in log
    assert "user-0003" not in log
    # The hash is the one of erasure.
    assert pipeline.vault("erase", "--user-id", PERSON).code == 0
    assert pipeline.vault("audit", "--erasures").stdout.split()[-1] == on_record["lookup"]


def test_an_access_that_finds_nothing_says_so_and_is_on_record(pipeline: Pipeline) -> None:
    pipeline.send([login(3), login(4)])
    pipeline.load()
    assert pipeline.vault("erase", "--user-id", PERSON).code == 0
    found = pipeline.vault(*ASKED)
    assert found.code == 0
    assert json.loads(found.stdout) == {
        "user_id": PERSON,
        "messages": [],
        "quarantined_messages": [],
        "published": {},
    }
    assert "nothing was found of that user" in one_line(found)
    assert pipeline.sql("select kind, messages from vault.recovery_log()") == [("access", 0)]


def test_a_document_is_word_for_word_and_gives_the_terminal_no_orders(pipeline: Pipeline) -> None:
    body = (
        '{"user_id": "Zoë \\\\o/", "ip": "\\u009b2J\\u0000e", "n": 12345678901234567890.10,'
        ' "locale": "\\ud83d\\udc68\\u200d"}'
    ).replace("\\u0000e", "\\u001b")
    pipeline.send([body])
    pipeline.load()
    asked = ("access", "--user-id", "-", "--reason", REASON)
    found = pipeline.vault(*asked, stdin="Zoë \\o/\n", PYTHONUTF8="1")
    assert found.code == 0, found.stderr
    assert "12345678901234567890.10" in found.stdout
    assert all(c.isprintable() or c == "\n" for c in found.stdout)
    [message] = json.loads(found.stdout)["messages"]
    assert message["body"] == json.loads(body)


def test_an_access_is_refused_like_a_recovery(pipeline: Pipeline) -> None:
    pipeline.send([login(3)])
    pipeline.load()
    refused = pipeline.vault("access", "--user-id", PERSON, "--reason", "because")
    assert refused.code == 3
    assert one_line(refused) == "access refused: a reason of at least 10 characters is needed"
    refused = pipeline.vault("access", "--user-id", "-", "--reason", REASON, stdin="\n")
    assert (refused.code, "the user id is empty" in one_line(refused)) == (2, True)
    # One limit for both.
    pipeline.sql("update vault.settings set value = '2' where name = 'recoveries_per_hour'")
    assert pipeline.vault("recover", "--message-id", "m", "--reason", REASON).code == 0
    assert pipeline.vault(*ASKED).code == 0
    refused = pipeline.vault(*ASKED)
    assert refused.code == 3
    assert one_line(refused).startswith("access refused: 2 requests in an hour are the limit")
    assert refused.stdout == ""
    pipeline.sql("delete from vault.masking_key where domain = 'erasure'")
    assert "there is no key of domain erasure" in one_line(pipeline.vault(*ASKED))


def test_a_request_is_good_for_one_person_and_one_purpose(pipeline: Pipeline) -> None:
    pipeline.vault("init")

    def ask(statement: str) -> int:
        return int(pipeline.sql(statement, role="login_recovery")[0][0])

    for_person = ask(f"select vault.request_access('{PERSON}', '{REASON}')")
    for_message = ask(f"select vault.request_recovery('message_id', 'm', '{REASON}')")
    for statement, said in (
        (f"select vault.access({for_person}, 'user-0004')", "is for something else"),
        (f"select vault.access({for_person}, null)", "is for something else"),
        (f"select vault.access({for_message}, '{PERSON}')", "is for something else"),
        (f"select vault.recover({for_person})", "is not for a personal field"),
    ):
        with pytest.raises(psycopg.errors.RaiseException, match=said):
            pipeline.sql(statement, role="login_recovery")
    disclosures = "select count(disclosed_at) from vault.recovery_log()"
    assert pipeline.value(disclosures) == 0
    pipeline.sql(f"select vault.access({for_person}, '{PERSON}')", role="login_recovery")
    assert pipeline.value(disclosures) == 1


def test_a_user_id_is_not_sent_to_a_server_that_logs_it(pipeline: Pipeline) -> None:
    pipeline.vault("init")
    pipeline.sql("revoke set on parameter log_parameter_max_length from login_recovery")
    pipeline.sql("alter database logins set log_statement = 'all'")
    try:
        refused = pipeline.vault("access", "--user-id", "user-secret", "--reason", REASON)
        assert refused.code == 3
        assert "log_parameter_max_length = 0" in one_line(refused)
    finally:
        pipeline.sql("alter database logins reset log_statement")
        pipeline.vault("init")
    log = pipeline.server_log()
    assert "user-secret" not in log
    assert pipeline.value("select count(*) from vault.recovery_log()") == 0
