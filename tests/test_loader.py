"""Every message lands exactly once, and is deleted only after it has landed."""

import hashlib
import json
import signal
import subprocess
import time
from collections import Counter
from datetime import datetime, timezone

import pytest

from loader.landing import storable
from loader.sqs import sent_timestamp
from tests.conftest import ROOT, Pipeline
from tests.logins import login, logins

CRASH_BEFORE_DELETE = """
import os, loader.rounds, loader.sqs
from loader.__main__ import main
loader.rounds.FIRST_REQUESTS = 12
loader.sqs.Queue.delete = lambda *_: os._exit(137)
main([])
"""

POISON = {
    "a NUL escape": (r'{"user_id": "u", "ip": "192.0.2.9\u0000"}', "22P05"),
    "a lone surrogate": (r'{"user_id": "u", "ip": "\ud800"}', "22P02"),
    "NaN": ('{"user_id": "u", "ip": NaN}', "22P02"),
    "cut JSON": ('{"user_id": "u", "ip": "192.0.2.9', "22P02"),
    "a blank": (" ", "22P02"),
    "no JSON": ("user u logged in from 192.0.2.9", "22P02"),
    "deep nesting": ("[" * 20000 + "]" * 20000, "54001"),
    "a number out of range": ('{"user_id": "u", "n": 1e999999}', "22003"),
}


def test_a_message_lands_as_it_is_with_its_envelope(pipeline: Pipeline) -> None:
    body = r'{"user_id": "u1", "ip": "192.0.2.1", "note": "\\u0000 and ü", "n": [1, 2.50]}'
    before = datetime.now(timezone.utc)
    pipeline.client.send_message(
        QueueUrl=pipeline.url,
        MessageBody=body,
        MessageAttributes={"source": {"DataType": "String", "StringValue": "web"}},
    )
    loaded = pipeline.load()
    assert loaded.code == 0
    assert loaded.stdout.startswith(
        "received 1, landed 1, already there 0, quarantined 0, deleted 1; "
    )
    ((landed, sent_at, receive_count, attributes, body_md5, landed_at),) = pipeline.sql(
        "select body, sent_at, receive_count, attributes, body_md5, landed_at from raw.raw_logins"
    )
    assert landed == json.loads(body)
    assert abs((sent_at - before).total_seconds()) < 5
    assert landed_at > sent_at
    assert receive_count == 1
    assert attributes["message"]["source"]["StringValue"] == "web"
    assert attributes["ApproximateReceiveCount"] == "1"
    assert body_md5 == hashlib.md5(body.encode(), usedforsecurity=False).hexdigest()
    assert pipeline.waiting() == (0, 0)


def test_more_messages_than_one_chunk_land_once_each(pipeline: Pipeline) -> None:
    pipeline.send(logins(1203))
    loaded = pipeline.load()
    assert loaded.code == 0
    assert "received 1203, landed 1203, already there 0" in loaded.stdout
    assert pipeline.value("select count(distinct body) from raw.raw_logins") == 1203
    ((received, landed, chunks),) = pipeline.sql(
        "select sum(received), sum(landed), count(*) from raw.loads"
    )
    assert (received, landed) == (1203, 1203)
    assert chunks >= 3
    assert pipeline.waiting() == (0, 0)


def test_a_crash_between_commit_and_delete_leaves_one_row_per_message(pipeline: Pipeline) -> None:
    pipeline.send(logins(120))
    assert pipeline.run("python", "-c", CRASH_BEFORE_DELETE).code == 137
    assert pipeline.value("select count(*) from raw.raw_logins") == 120
    assert sum(pipeline.waiting()) == 120

    again = pipeline.load()
    assert again.code == 0
    assert "received 120, landed 0, already there 120, quarantined 0, deleted 120;" in again.stdout
    assert pipeline.value("select count(*) from raw.raw_logins") == 120
    assert pipeline.value("select max(receive_count) from raw.raw_logins") == 1
    assert pipeline.waiting() == (0, 0)


def test_poison_is_quarantined_and_its_neighbours_land(pipeline: Pipeline) -> None:
    bodies = logins(90)
    for position, (body, _) in enumerate(POISON.values()):
        bodies.insert(position * 11, body)
    pipeline.send(bodies)
    loaded = pipeline.load()
    assert loaded.code == 0
    assert f"landed 90, already there 0, quarantined {len(POISON)}, deleted 98;" in loaded.stdout
    assert pipeline.waiting() == (0, 0)
    quarantined = pipeline.sql("select body, sqlstate from raw.quarantined_messages")
    assert Counter(quarantined) == Counter(POISON.values())
    reasons = pipeline.sql("select reason, attributes::json from raw.quarantined_messages")
    assert all(reason and "192.0.2.9" not in reason for reason, _ in reasons)

    # Delivered again, it is already there.
    pipeline.send(["{"])
    assert pipeline.run("python", "-c", CRASH_BEFORE_DELETE).code == 137
    assert "already there 1, quarantined 0, deleted 1;" in pipeline.load().stdout
    assert pipeline.value("select count(*) from raw.quarantined_messages") == len(POISON) + 1


def test_two_loaders_at_once_share_the_messages(pipeline: Pipeline) -> None:
    pipeline.vault("init")
    pipeline.send(logins(400))
    loaders = [
        subprocess.Popen(
            ["python", "-m", "loader"],
            env=pipeline.env,
            cwd=ROOT,
            stdout=subprocess.PIPE,
            stderr=subprocess.DEVNULL,
            text=True,
        )
        for _ in range(2)
    ]
    outputs = [loader.communicate(timeout=60)[0] for loader in loaders]
    assert [loader.returncode for loader in loaders] == [0, 0], outputs
    assert pipeline.value("select count(distinct body) from raw.raw_logins") == 400
    assert pipeline.value("select count(*) from raw.raw_logins") == 400
    assert pipeline.waiting() == (0, 0)


def test_messages_held_by_another_receiver_are_not_called_drained(pipeline: Pipeline) -> None:
    pipeline.send(logins(3))
    held = pipeline.client.receive_message(
        QueueUrl=pipeline.url, MaxNumberOfMessages=2, VisibilityTimeout=600
    )
    assert len(held["Messages"]) == 2
    loaded = pipeline.load("--wait", "1")
    assert loaded.code == 1
    assert "landed 1," in loaded.stdout
    assert "2 held by another receiver: run again later" in loaded.stderr


def test_sigterm_ends_a_run_in_good_order(pipeline: Pipeline) -> None:
    pipeline.vault("init")
    pipeline.send(logins(1500))
    loader = subprocess.Popen(
        ["python", "-m", "loader"],
        env=pipeline.env,
        cwd=ROOT,
        stdout=subprocess.PIPE,
        stderr=subprocess.PIPE,
        text=True,
    )
    while pipeline.value("select count(*) from raw.raw_logins") == 0:
        time.sleep(0.01)
    loader.send_signal(signal.SIGTERM)
    stdout, stderr = loader.communicate(timeout=10)
    assert loader.returncode == 1
    assert "stopped by a signal" in stderr
    landed = pipeline.value("select count(*) from raw.raw_logins")
    assert f"landed {landed}, already there 0, quarantined 0, deleted {landed};" in stdout
    assert pipeline.waiting() == (1500 - landed, 0)


def test_a_queue_that_is_still_being_created_is_waited_for(pipeline: Pipeline) -> None:
    late = f"{pipeline.env['LOGIN_QUEUE']}_late"
    loader = subprocess.Popen(
        ["python", "-m", "loader"],
        env=pipeline.env | {"LOGIN_QUEUE": late},
        cwd=ROOT,
        stdout=subprocess.PIPE,
        stderr=subprocess.PIPE,
        text=True,
    )
    assert loader.stderr is not None
    while "does not exist at" not in loader.stderr.readline():
        assert loader.poll() is None
    url = pipeline.client.create_queue(QueueName=late)["QueueUrl"]
    pipeline.client.send_message(QueueUrl=url, MessageBody=login(1))
    stdout, _ = loader.communicate(timeout=20)
    assert loader.returncode == 0
    assert "landed 1," in stdout


def test_a_queue_may_be_named_by_url_and_by_arn(pipeline: Pipeline) -> None:
    attributes = pipeline.client.get_queue_attributes(
        QueueUrl=pipeline.url, AttributeNames=["QueueArn"]
    )
    for queue in (pipeline.url, attributes["Attributes"]["QueueArn"]):
        pipeline.send([login(1)])
        loaded = pipeline.load(LOGIN_QUEUE=queue)
        assert "landed 1," in loaded.stdout, loaded.stderr


def test_fifo_queues_drain_too(pipeline: Pipeline) -> None:
    name = f"{pipeline.env['LOGIN_QUEUE']}.fifo"
    url = pipeline.client.create_queue(
        QueueName=name,
        Attributes={"FifoQueue": "true", "ContentBasedDeduplication": "true"},
    )["QueueUrl"]
    for number in range(25):
        pipeline.client.send_message(
            QueueUrl=url, MessageBody=login(number), MessageGroupId=f"group-{number % 2}"
        )
    loaded = pipeline.load(LOGIN_QUEUE=name)
    assert (loaded.code, "landed 25," in loaded.stdout) == (0, True), loaded.output


def test_a_message_is_deleted_only_after_a_commit_that_is_on_disk(pipeline: Pipeline) -> None:
    pipeline.vault("init")
    pipeline.sql("create table public.seen (setting text)")
    pipeline.sql(
        "create function public.see() returns trigger language plpgsql security definer as"
        " $$ begin insert into public.seen select current_setting('synchronous_commit');"
        " return null; end $$"
    )
    pipeline.sql(
        "create trigger see after insert on raw.loads for each statement"
        " execute function public.see()"
    )
    for setting in ("off", "local", "remote_apply"):
        pipeline.sql(f"alter database logins set synchronous_commit = {setting}")
        pipeline.send([login(1)])
        assert pipeline.load().code == 0
    assert pipeline.sql("select setting from public.seen") == [
        ("on",),
        ("local",),
        ("remote_apply",),
    ]


@pytest.mark.parametrize(
    ("body", "stored"),
    [
        ("{}\u00fc", "{}\u00fc"),
        ("a\\x00", "a\\x00"),
        ("a\0", "not storable, escaped: a\\x00"),
        ("\ud800", "not storable, escaped: \\ud800"),
    ],
)
def test_a_body_that_no_text_can_hold_is_escaped(body: str, stored: str) -> None:
    assert storable(body) == stored


def test_init_changes_nothing_that_is_right(pipeline: Pipeline) -> None:
    state = """
        select
            (select string_agg(domain || version || secret::text, ',' order by domain)
             from vault.masking_key),
            (select string_agg(relname || coalesce(relacl::text, ''), ',' order by relname)
             from pg_class where relnamespace in ('raw'::regnamespace, 'vault'::regnamespace)),
            (select nspacl::text from pg_namespace where nspname = 'public'),
            (select datacl::text from pg_database where datname = current_database())
    """
    assert pipeline.vault("init").code == 0
    first = pipeline.sql(state)
    assert pipeline.vault("init").code == 0
    assert pipeline.sql(state) == first


def test_init_takes_back_what_somebody_granted(pipeline: Pipeline) -> None:
    pipeline.vault("init")
    pipeline.sql("grant select on raw.raw_logins to login_analyst")
    pipeline.sql("grant select (body) on raw.raw_logins to login_loader")
    assert pipeline.vault("init").code == 0
    assert not pipeline.value(
        "select has_table_privilege('login_analyst', 'raw.raw_logins', 'select')"
        " or has_any_column_privilege('login_loader', 'raw.raw_logins', 'select')"
    )


def test_two_inits_at_once_do_not_disturb_each_other(pipeline: Pipeline) -> None:
    inits = [
        subprocess.Popen(["python", "-m", "vault", "init"], env=pipeline.env, cwd=ROOT)
        for _ in range(3)
    ]
    assert [init.wait(30) for init in inits] == [0, 0, 0]
    assert pipeline.value("select count(*) from vault.masking_key") == 3


@pytest.mark.parametrize(
    ("text", "moment"),
    [
        ("1678861336000", "2023-03-15T06:22:16+00:00"),
        ("1678861336123", "2023-03-15T06:22:16.123000+00:00"),
        ("1678861336", "2023-03-15T06:22:16+00:00"),
        ("soon", None),
        ("nan", None),
        ("1e400", None),
    ],
)
def test_sent_timestamps_are_milliseconds_or_seconds(text: str, moment: str | None) -> None:
    sent_at = sent_timestamp(text)
    assert (sent_at.isoformat() if sent_at else None) == moment
