"""raw.login_of opens envelopes; what it cannot open is quarantined, also what landed before it."""

import json
import subprocess
import sys
from pathlib import Path

import pytest

from tests.conftest import Pipeline, copy_packages, one_line
from tests.logins import login, logins

FILE = "vault/schema/login_of.sql"


def in_sns(text: str) -> str:
    return json.dumps({"Type": "Notification", "TopicArn": "arn:aws:sns:x", "Message": text})


def in_event(text: str) -> str:
    return json.dumps({"detail-type": "login", "source": "app", "detail": json.loads(text)})


def wrapped(text: str, times: int) -> str:
    return '{"detail-type": "login", "detail": ' * times + text + "}" * times


OPENED = {
    "plain": login(1),
    "SNS": in_sns(login(1)),
    "EventBridge": in_event(login(1)),
    "text": json.dumps(login(1)),
    "text with blanks": json.dumps(f" \n{login(1)}"),
    "text in a text": json.dumps(json.dumps(login(1))),
    "EventBridge in SNS": in_sns(in_event(login(1))),
    "SNS in EventBridge": in_event(in_sns(login(1))),
    "seven envelopes": wrapped(login(1), 7),
}
REFUSED = {
    "SNS with a text": (in_sns("hello"), "22P02"),
    "SNS with half a document": (in_sns('{"user_id": "u1"'), "22P02"),
    "half a document in a text": (json.dumps('{"user_id": "u1"'), "22P02"),
    "eight envelopes": (wrapped(login(1), 8), "54000"),
    "a thousand envelopes": (wrapped(login(1), 1000), "54000"),
}


@pytest.fixture
def changed(pipeline: Pipeline, tmp_path: Path) -> Path:
    """A copy of the packages, in which raw.login_of can be changed."""
    copy_packages(tmp_path)
    assert pipeline.vault("init").code == 0
    return tmp_path


def test_envelopes_are_opened_or_quarantined_with_the_reason(pipeline: Pipeline) -> None:
    pipeline.send([*OPENED.values(), *(body for body, _ in REFUSED.values())])
    pipeline.build()
    assert pipeline.sql("select user_id, count(*) from user_logins group by user_id") == [
        ("user-0001", len(OPENED))
    ]
    assert pipeline.value("select count(distinct masked_ip) from user_logins") == 1
    assert sorted(
        code for (code,) in pipeline.sql("select sqlstate from raw.quarantined_messages")
    ) == sorted(code for _, code in REFUSED.values())
    assert "192.0." not in pipeline.server_log()


def test_a_new_login_of_that_fails_on_what_has_landed_is_refused(
    pipeline: Pipeline, changed: Path
) -> None:
    pipeline.send([*logins(3), login(4, app_version="x")])
    pipeline.build()
    [(message_id,)] = pipeline.sql("select message_id from user_logins where app_version is null")
    defined = "select pg_get_functiondef('raw.login_of(jsonb)'::regprocedure)"
    before = pipeline.value(defined)
    file = changed / FILE
    text = file.read_text("utf-8")
    usual = "then body else"
    cast = "then body || jsonb_build_object('n', left(body ->> 'app_version', 1)::integer) else"
    file.write_text(text.replace(usual, cast), "utf-8")

    refused = pipeline.at(changed).vault("init")
    assert refused.code == 2
    said = one_line(refused)
    assert f"fails on 1 messages that have landed: {message_id}: nothing has changed" in said
    assert pipeline.value(defined) == before

    # It counts from now on, and for what is published after a full refresh.
    file.write_text(text.replace(usual, 'then body || \'{"locale": "XX"}\' else'), "utf-8")
    assert pipeline.at(changed).vault("init").code == 0
    assert pipeline.dbt("build", "--full-refresh").code == 0
    assert pipeline.sql("select distinct locale from user_logins") == [("XX",)]


def test_what_landed_before_there_was_a_login_of_is_quarantined(pipeline: Pipeline) -> None:
    pipeline.send([*logins(3), in_sns(login(7))])
    pipeline.build()
    # As an earlier version landed it
    pipeline.sql("drop function raw.login_of, raw.unwrapped cascade")
    pipeline.sql(
        "insert into raw.raw_logins (message_id, body, load_id)"
        f" select 'not-opened', '{in_sns('hello')}', load_id from raw.loads limit 1"
    )
    pipeline.sql("update raw.loads set received = received + 1, landed = landed + 1")
    upgraded = pipeline.vault("init")
    assert upgraded.code == 0, upgraded.output
    assert "1 messages with envelopes that hold no JSON are now quarantined" in upgraded.stderr
    assert pipeline.sql("select message_id, sqlstate from raw.quarantined_messages") == [
        ("not-opened", "22P02")
    ]
    assert pipeline.value("select sum(landed) from raw.loads") == 4
    assert pipeline.value("select sum(quarantined) from raw.loads") == 1
    built = pipeline.dbt("build", "--selector", "nightly", "--full-refresh")
    assert built.code == 0, built.output
    assert pipeline.value("select count(*) from user_logins") == 4


def test_a_message_that_is_no_envelope_in_the_end_stops_no_build(pipeline: Pipeline) -> None:
    """It is a login, and looks like an envelope that holds no JSON."""
    ambiguous = json.loads(login(1)) | {
        "Type": "Notification",
        "Message": '{"ip": "192.0.2.9" oops',
    }
    pipeline.send([json.dumps(ambiguous)])
    pipeline.build()
    assert pipeline.value("select count(*) from user_logins") == 1
    assert "192.0." not in "".join(pipeline.outputs) + pipeline.server_log()


def test_what_lands_is_not_too_deep_to_be_built(pipeline: Pipeline) -> None:
    def deep(levels: int) -> str:
        return json.dumps('{"user_id": "u1", "x": ' + "[" * levels + "]" * levels + "}")

    pipeline.send([deep(7999), deep(8000), deep(16_300)])
    pipeline.build()
    assert pipeline.value("select count(*) from user_logins") == 1
    assert pipeline.sql("select distinct sqlstate from raw.quarantined_messages") == [("54000",)]


def test_a_landing_that_began_with_the_old_function_is_tried_with_the_new(
    pipeline: Pipeline, changed: Path
) -> None:
    file = changed / FILE
    text = file.read_text("utf-8")
    file.write_text(text.replace("then body else", "then body - (body ->> 'n')::integer else"))
    with pipeline.connect() as landing, landing.transaction():
        landing.execute("set local role login_loader")
        landing.execute(
            "select raw.land(gen_random_uuid(), '{m1}', array[%s],"
            " '{null}', '{1}', '{{}}', '{null}')",
            [login(1, n="192.0.2.9 is no number")],
        )
        waiting = subprocess.Popen(
            [sys.executable, "-m", "vault", "init"],
            cwd=changed,
            env=pipeline.env,
            stderr=subprocess.PIPE,
            text=True,
        )
        with pytest.raises(subprocess.TimeoutExpired):
            waiting.wait(2)
    _, said = waiting.communicate(timeout=30)
    assert waiting.returncode == 2
    assert "fails on 1 messages that have landed: m1" in said
    assert "192.0." not in said + pipeline.server_log()
