"""One fault of SQS, or of the process, at a time: the rows of docs/delivery.md."""

import time
from collections.abc import Iterator

import pytest

from sandbox.fake_sqs.faults import Fault
from tests.conftest import Pipeline, one_line, slowed
from tests.faults import (
    DEAD_LETTERS,
    KILLED,
    QUEUE,
    VISIBILITY_SECONDS,
    Faulty,
    faulty,
    sleeping,
    until,
)
from tests.logins import login, logins

KILL_BEFORE = """
import os, signal
from loader import {module}
from loader.__main__ import main
def kill(*_):
    os.kill(os.getpid(), signal.SIGKILL)
{module}.{function} = kill
main([])
"""


@pytest.fixture
def faults(pipeline: Pipeline) -> Iterator[Faulty]:
    pipeline.vault("init")
    with faulty(pipeline) as made:
        yield made


# The process is killed


def test_killed_after_receive(faults: Faulty) -> None:
    faults.send(logins(120))
    with faults.loading(
        code=KILL_BEFORE.format(module="rounds", function="Rounds._land")
    ) as loader:
        assert loader.wait(20) == KILLED
    assert faults.rows() == (0, 0)
    assert faults.held() > 0
    faults.rerun_and_check()


def test_killed_inside_the_transaction(faults: Faulty) -> None:
    faults.send(logins(120))
    with slowed(faults.pipeline, "raw.loads", 5), faults.loading() as loader:
        until(lambda: sleeping(faults.pipeline))
        loader.kill()
    assert faults.rows() == (0, 0)
    faults.rerun_and_check()


def test_killed_after_commit(faults: Faulty) -> None:
    faults.send(logins(120))
    code = KILL_BEFORE.format(module="rounds", function="Rounds._delete")
    with faults.loading(code=code) as loader:
        assert loader.wait(20) == KILLED
    assert faults.rows()[0] > 0
    assert faults.calls("DeleteMessageBatch") == 0
    rerun = faults.rerun_and_check()
    assert "already there 0" not in rerun.stdout


@pytest.mark.parametrize("kind", ["hang", "lost"])
def test_killed_during_delete(faults: Faulty, kind: str) -> None:
    faults.send(logins(120))
    seconds = 30 if kind == "hang" else None
    faults.endpoint.inject(Fault(kind, "DeleteMessageBatch", seconds=seconds))
    with faults.loading() as loader:
        until(lambda: faults.calls("DeleteMessageBatch") > 0)
        loader.kill()
    faults.rerun_and_check()


def test_one_of_several_loaders_killed(faults: Faulty) -> None:
    faults.send(logins(3000))
    faults.endpoint.latency = 0.02
    with faults.loading(), faults.loading(), faults.loading() as loader:
        until(lambda: faults.rows()[0] > 0)
        loader.kill()
    assert sorted(run.code for run in faults.runs) == [KILLED, 0, 0]
    faults.rerun_and_check()


# Deletes


@pytest.mark.parametrize("kind", ["partial", "lost", "dropped", "bad_gateway", "throttle"])
def test_deletes_that_fail_are_tried_again_in_the_same_run(faults: Faulty, kind: str) -> None:
    faults.send(logins(200))
    faults.endpoint.inject(Fault(kind, "DeleteMessageBatch", times=3, after=2))
    loaded = faults.load()
    assert loaded.code == 0, loaded.output
    assert "landed 200," in loaded.stdout
    faults.rerun_and_check()


def test_deletes_that_always_fail_in_part_end_with_4(faults: Faulty) -> None:
    faults.send(logins(50))
    faults.endpoint.inject(Fault("partial", "DeleteMessageBatch", times=60))
    loaded = faults.load("--wait", "1", "--max-seconds", "2")
    assert loaded.code == 4
    assert "have landed but are not deleted: a rerun deletes them" in loaded.stderr
    faults.rerun_and_check()


def test_deletes_that_never_succeed_do_not_keep_a_run_going(faults: Faulty) -> None:
    """Messages that come back meanwhile do not count as progress."""
    faults.send([login(1)])  # the first of a batch is the one that fails
    queue = faults.endpoint.queue(QUEUE)
    queue.redrive = 20, faults.endpoint.queue(DEAD_LETTERS)  # it is received again and again
    fault = faults.endpoint.inject(Fault("partial", "DeleteMessageBatch"))
    began = time.monotonic()
    loaded = faults.load("--wait", "3")
    assert loaded.code == 4, loaded.output
    assert time.monotonic() - began < 30
    assert fault.hits >= 5
    assert "have landed but are not deleted: a rerun deletes them" in loaded.stderr
    faults.rerun_and_check()


def test_deletes_that_are_denied_are_known_before_anything_is_received(faults: Faulty) -> None:
    faults.send(logins(50))
    faults.endpoint.inject(Fault("denied", "DeleteMessage"))
    denied = faults.load()
    assert denied.code == 3
    assert "sqs:DeleteMessage on 'faulty-queue' is denied" in one_line(denied)
    assert faults.calls("ReceiveMessage") == 0
    faults.rerun_and_check()


def test_deletes_that_are_denied_in_mid_run(faults: Faulty) -> None:
    faults.send(logins(50))
    faults.endpoint.inject(Fault("denied", "DeleteMessageBatch"))
    denied = faults.load()
    assert denied.code == 3
    assert "sqs:DeleteMessage on 'faulty-queue' is denied" in denied.stderr
    assert faults.held() == 0
    faults.rerun_and_check()


def test_a_message_that_rises_again_after_its_delete(faults: Faulty) -> None:
    faults.send(logins(50))
    faults.endpoint.inject(Fault("again", "DeleteMessageBatch", times=2))
    loaded = faults.load()
    assert loaded.code == 0, loaded.output
    assert "received 70, landed 50, already there 20, quarantined 0, deleted 70;" in loaded.stdout
    faults.rerun_and_check()


# Receives


def test_the_same_message_twice_in_a_chunk(faults: Faulty) -> None:
    faults.send(logins(50))
    faults.endpoint.inject(Fault("twice", "ReceiveMessage"))
    loaded = faults.load()
    assert loaded.code == 0, loaded.output
    assert "received 100, landed 50, already there 50," in loaded.stdout
    faults.rerun_and_check()


def test_a_lock_held_for_longer_than_the_visibility(faults: Faulty) -> None:
    """Messages are kept hidden meanwhile, and received once."""
    faults.send(logins(600))
    with faults.pipeline.connect() as other, faults.loading() as loader:
        other.execute("begin; lock table raw.raw_logins in exclusive mode")
        until(lambda: faults.held() > 0)
        time.sleep(8)
        assert loader.poll() is None
        other.execute("commit")
    assert faults.runs[-1].code == 0
    assert faults.pipeline.value("select max(receive_count) from raw.raw_logins") == 1
    faults.rerun_and_check()


def test_a_handle_that_has_gone_stale_meanwhile(faults: Faulty) -> None:
    """Where hiding fails, another receiver gets the messages; they come again and are deleted."""
    faults.send(logins(30))
    faults.endpoint.inject(Fault("unavailable", "ChangeMessageVisibilityBatch"))
    client, url = faults.client(), faults.url()
    with faults.pipeline.connect() as other, faults.loading(at_once=30) as loader:
        other.execute("begin; lock table raw.raw_logins in exclusive mode")
        until(lambda: faults.held() > 0)
        until(lambda: faults.held() == 0)
        for _ in range(3):
            client.receive_message(QueueUrl=url, MaxNumberOfMessages=10, VisibilityTimeout=5)
        assert faults.held() == 30
        assert loader.poll() is None
        other.execute("commit")
    assert faults.runs[-1].code == 0, faults.runs[-1].output
    assert "received 60, landed 30, already there 30" in faults.runs[-1].stdout
    faults.rerun_and_check()


def test_hiding_that_fails_in_part_is_tried_again(faults: Faulty) -> None:
    faults.send(logins(40))
    faults.endpoint.inject(Fault("partial", "ChangeMessageVisibilityBatch", times=8))
    with faults.pipeline.connect() as other, faults.loading(at_once=40):
        other.execute("begin; lock table raw.raw_logins in exclusive mode")
        until(lambda: faults.held() == 40)
        time.sleep(5)
        other.execute("commit")
    assert faults.pipeline.value("select max(receive_count) from raw.raw_logins") == 1
    faults.rerun_and_check()


@pytest.mark.parametrize("kind", ["truncated", "cut", "blank", "html", "bad_gateway", "lost"])
def test_an_answer_that_is_none(faults: Faulty, kind: str) -> None:
    faults.send(logins(300))
    fault = faults.endpoint.inject(Fault(kind, "ReceiveMessage", times=3, after=5))
    loaded = faults.load()
    assert loaded.code == 0, loaded.output
    assert "landed 300," in loaded.stdout
    assert fault.hits == 3
    assert faults.calls("ReceiveMessage") >= 35  # asked again: thirty answers, three, and two empty
    faults.rerun_and_check()


@pytest.mark.parametrize("kind", ["html", "blank"])
def test_a_visibility_timeout_that_is_not_answered_is_asked_for_again(
    faults: Faulty, kind: str
) -> None:
    """Messages stay hidden for as long as the queue says, and not for 30 s."""
    faults.send(logins(30))
    fault = faults.endpoint.inject(Fault(kind, "GetQueueAttributes", times=1, after=1))
    with faults.pipeline.connect() as other, faults.loading() as loader:
        other.execute("begin; lock table raw.raw_logins in exclusive mode")
        until(lambda: faults.held() > 0)
        loader.kill()
    assert fault.hits == 1
    until(lambda: faults.held() == 0, VISIBILITY_SECONDS + 2)
    faults.rerun_and_check()


def test_a_body_that_came_damaged_stays_in_the_queue(faults: Faulty) -> None:
    faults.send(logins(30))
    faults.endpoint.inject(Fault("damaged", "ReceiveMessage", times=1, after=1))
    loaded = faults.load()
    assert loaded.code == 0, loaded.output
    assert "10 messages came damaged (MD5OfBody does not match): left" in loaded.stderr
    assert faults.pipeline.value("select max(receive_count) from raw.raw_logins") == 2
    faults.rerun_and_check()


def test_empty_answers_in_mid_queue_are_not_believed(faults: Faulty) -> None:
    faults.send(logins(30))
    held = make_messages_late(faults)
    loaded = faults.load()
    assert loaded.code == 0, loaded.output
    assert f"landed {30 + held}," in loaded.stdout
    faults.rerun_and_check()


def make_messages_late(faults: Faulty) -> int:
    """Hide messages behind a receiver that is gone: the queue is empty, but not drained."""
    faults.send(logins(7))
    client = faults.client()
    held = client.receive_message(QueueUrl=faults.url(), MaxNumberOfMessages=7)
    assert len(held["Messages"]) == 7
    return 7


def test_bodies_of_one_mebibyte(faults: Faulty) -> None:
    """The limit of SQS, which is asked for fewer of them at once."""
    faults.endpoint.fill(QUEUE, 30, 2**20)
    faults.sent += 30
    assert "landed 30," in faults.load().stdout
    assert faults.pipeline.value("select min(length(body::text)) from raw.raw_logins") >= 2**20
    assert faults.calls("ReceiveMessage") > 5
    faults.rerun_and_check()


# Refusals


@pytest.mark.parametrize("action", [None, "ReceiveMessage", "DeleteMessageBatch"])
def test_three_throttles(faults: Faulty, action: str | None) -> None:
    faults.send(logins(100))
    faults.endpoint.inject(Fault("throttle", action, times=3))
    loaded = faults.load()
    assert loaded.code == 0, loaded.output
    faults.rerun_and_check()


def test_a_minute_of_503(faults: Faulty) -> None:
    faults.send(logins(100))
    faults.endpoint.inject(Fault("unavailable", seconds=60, after=8))
    loaded = faults.load("--wait", "90")
    assert loaded.code == 0, loaded.output
    assert "(HTTP 503): run again later; trying for 8" in loaded.stderr
    assert "SQS is back after" in loaded.stderr
    faults.rerun_and_check()


def test_503_for_longer_than_we_wait(faults: Faulty) -> None:
    faults.send(logins(1000))
    faults.endpoint.inject(Fault("unavailable", after=20))
    loaded = faults.load("--wait", "2")
    assert loaded.code in (1, 4), loaded.output
    assert "ServiceUnavailable (HTTP 503)" in loaded.stderr
    faults.rerun_and_check()


@pytest.mark.parametrize(
    ("kind", "words"),
    [
        ("expired", "SQS refuses the AWS credentials (ExpiredTokenException): renew them"),
        ("kms_denied", "(and kms:Decrypt where the queue is encrypted with a key of yours)"),
        ("denied", "sqs:ReceiveMessage on 'faulty-queue' is denied"),
    ],
)
def test_a_refusal_ends_the_run_and_names_the_remedy(faults: Faulty, kind: str, words: str) -> None:
    faults.send(logins(300))
    faults.endpoint.inject(Fault(kind, "ReceiveMessage", after=3))
    refused = faults.load()
    assert refused.code == 3
    assert words in one_line(refused)
    assert faults.held() == 0
    faults.rerun_and_check()


# Many at once, and what comes again


def test_four_loaders_at_once(faults: Faulty) -> None:
    faults.send(logins(2000))
    with faults.loading(), faults.loading(), faults.loading(), faults.loading():
        pass
    assert [run.code for run in faults.runs] == [0, 0, 0, 0], faults.runs
    assert faults.rows() == (2000, 2000)
    faults.rerun_and_check()


def test_a_message_redriven_under_a_new_id_is_a_message_of_its_own(faults: Faulty) -> None:
    """SQS gives a redriven message a new id: both stay, and a warning counts equal bodies."""
    faults.send([login(1)])
    assert faults.load().code == 0
    faults.send([login(1)])
    faults.rerun_and_check()
    assert faults.pipeline.value("select count(distinct body) from raw.raw_logins") == 1


def test_poison_in_a_group_of_a_fifo_queue_blocks_nothing(faults: Faulty) -> None:
    client = faults.client()
    url = client.create_queue(
        QueueName="faulty.fifo",
        Attributes={"FifoQueue": "true", "ContentBasedDeduplication": "true"},
    )["QueueUrl"]
    bodies = logins(40)
    bodies[13:13] = [r'{"user_id": "u", "ip": "192.0.2.9\u0000"}', "{"]
    for number, body in enumerate(bodies):
        client.send_message(QueueUrl=url, MessageBody=body, MessageGroupId=f"{number % 2}")
    loaded = faults.load(LOGIN_QUEUE="faulty.fifo")
    assert loaded.code == 0, loaded.output
    assert "landed 40, already there 0, quarantined 2, deleted 42;" in loaded.stdout
    assert "192.0." not in loaded.output


def test_a_queue_that_hides_nothing_is_read_all_the_same(faults: Faulty) -> None:
    client = faults.client()
    client.set_queue_attributes(QueueUrl=faults.url(), Attributes={"VisibilityTimeout": "0"})
    faults.send(logins(100))
    loaded = faults.load()
    assert "received 100, landed 100, already there 0," in loaded.stdout
    faults.rerun_and_check()
