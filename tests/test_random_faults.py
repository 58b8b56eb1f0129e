"""Many faults in one history, drawn at random: the promise of docs/delivery.md holds after it.

A schedule is a list of events with times: messages, faults of SQS, kills and stops of loaders,
outages of Postgres. Its seed alone decides it; what each event meets depends on the machine.

    FAULT_SCHEDULES=82 pytest --dist=load tests/test_random_faults.py  # seeds 0 to 81

A failure shows the schedule and the command that repeats it.
"""

import json
import os
import signal
import subprocess
import time
from collections import defaultdict
from collections.abc import Iterator
from concurrent.futures import ThreadPoolExecutor
from random import Random
from threading import Lock
from typing import Any

import pytest

from sandbox.fake_sqs.faults import KINDS, PASSING, Fault
from sandbox.fake_sqs.queue import Message
from sandbox.sqs import DELIVERIES
from tests.conftest import ROOT, Outcome, Pipeline
from tests.faults import DEAD_LETTERS, QUEUE, VISIBILITY_SECONDS, Faulty, faulty, until
from tests.logins import logins
from tests.test_faults_postgres import STOP_SECONDS, outage

HEALING = sorted(PASSING)
"""Faults that time heals. The others are for an administrator."""

BATCHES = ["DeleteMessageBatch", "ChangeMessageVisibilityBatch"]
ACTIONS = [None, "GetQueueUrl", "GetQueueAttributes", "ReceiveMessage", *BATCHES]

POISON = ('{"ip": "192.0.2.1", "x": "\\u0000"}', '{"ip": "192.0.2.2"', '["192.0.2.3", 1e999999]')

Event = tuple[float, str, dict[str, Any]]
"""Seconds after the start, and a method of `History` with its arguments."""


def schedule(seed: int) -> list[Event]:
    """Return the events of a seed in the order of their times."""
    random = Random(seed)
    events: list[Event] = []

    def seconds(least: float, most: float) -> float:
        return round(random.uniform(least, most), 2)

    def add(at: float, method: str, **arguments: Any) -> None:
        events.append((round(at, 2), method, arguments))

    loader = 0
    for _ in range(random.randint(1, 2)):  # with two rows there are two loaders at once at times
        at = seconds(0, 1)
        while at < 4.5:
            mode = random.choice([[], ["--follow"], ["--max-seconds", str(seconds(1, 3))]])
            add(at, "load", loader=loader, options=["--wait", random.choice("159"), *mode])
            at += seconds(1, 3.5)
            add(at, "end", loader=loader, by=random.choice([signal.SIGKILL, signal.SIGTERM]))
            at += seconds(0, 0.5)
            loader += 1
    for at in (0, *(seconds(0, 5) for _ in range(random.randint(4, 10)))):
        add(at, "send", good=random.randint(1, 400), poison=random.randint(0, len(POISON)))
    for _ in range(random.randint(3, 9)):
        kind = random.choice(HEALING)
        fault: dict[str, Any] = {"kind": kind, "after": random.randint(0, 15)}
        fault["action"] = random.choice([a for a in ACTIONS if a is None or KINDS[kind] in a])
        if kind == "hang" or random.random() < 0.5:
            fault["seconds"] = seconds(0.3, 4)
        if kind in ("hang", "again") or "seconds" not in fault:
            fault["times"] = random.randint(1, 2 if kind == "again" else 4)
        add(seconds(0, 6), "fault", **fault)
    for at in (0, seconds(0, 6)):
        add(at, "latency", seconds=random.choice([0, 0.005, 0.02, 0.05, 0.1]))
    for _ in range(random.randint(1, 2)):
        method = random.choice(["outage", "lock", "terminate"])
        least = {"outage": 0.5, "lock": VISIBILITY_SECONDS + 0.3, "terminate": 0}[method]
        end = random.choice([at for at, method, _ in events if method == "end"])
        add(max(0, end - seconds(0.1, 1.5)), method, seconds=seconds(least, least + 1.5))
    return sorted(events, key=lambda event: event[0])


def receives(events: list[Event]) -> int:
    """Return a maxReceiveCount that puts no message of a schedule in the dead-letter queue.

    A message counts as received when the loader that holds it is killed. So with a count of three,
    as in the tests of single faults, three kills put it there, and rightly so. AWS advises at least
    five (https://docs.aws.amazon.com/lambda/latest/dg/services-sqs-configure.html). This is that
    margin, one more for each loader, which may end with a message in hand, and two for each fault:
    a deleted message rises twice at most, other faults are over within two visibility timeouts.
    """
    return DELIVERIES + sum({"load": 1, "fault": 2}.get(method, 0) for _, method, _ in events)


class History:
    """A schedule as it takes place; every event has a thread of its own."""

    def __init__(self, faults: Faulty) -> None:
        self.faults = faults
        self.queue = faults.endpoint.queue(QUEUE)
        self.sent: dict[str, Any] = {}
        """By message id what must land: JSON, or text in quarantine."""
        self.loaders: dict[int, subprocess.Popen[str]] = {}
        self.may_end: dict[int, set[int]] = defaultdict(lambda: {0, 1, 4})  # and never 2 or 3
        self.postgres = Lock()
        """Held by the event that keeps Postgres from the loaders: one at a time."""

    def happen(self, events: list[Event]) -> None:
        began = time.monotonic()

        def one(at: float, method: str, arguments: dict[str, Any]) -> None:
            time.sleep(max(0.0, began + at - time.monotonic()))
            getattr(self, method)(**arguments)

        with ThreadPoolExecutor(len(events)) as pool:
            list(pool.map(one, *zip(*events, strict=True)))

    def send(self, good: int, poison: int) -> None:
        for body in (*logins(good), *POISON[:poison]):
            with self.queue.lock:
                message = self.queue.send(Message(body))
            self.sent[message.id] = body if body in POISON else json.loads(body)

    def fault(self, **fault: Any) -> None:
        self.faults.endpoint.inject(Fault(**fault))

    def latency(self, seconds: float) -> None:
        self.faults.endpoint.latency = seconds

    def load(self, loader: int, options: list[str]) -> None:
        sent_before = set(self.queue.messages)
        process = self.loaders[loader] = subprocess.Popen(
            ["python", "-m", "loader", *options],
            env=self.faults.pipeline.env,
            cwd=ROOT,
            stdout=subprocess.PIPE,
            stderr=subprocess.STDOUT,
            text=True,
        )
        try:
            output, _ = process.communicate(timeout=60)
        finally:
            process.kill()
        self.faults.runs.append(Outcome(process.returncode, output, ""))
        assert process.returncode in self.may_end[loader], output
        if process.returncode == 0:  # more may have been sent after its last look at the queue
            assert not sent_before & self.queue.messages.keys(), output

    def end(self, loader: int, by: int) -> None:
        until(lambda: loader in self.loaders)
        self.may_end[loader].add(-by)  # SIGTERM may come before the loader listens to it
        self.loaders[loader].send_signal(by)
        self.loaders[loader].wait(STOP_SECONDS)

    def outage(self, seconds: float) -> None:
        with self.postgres, outage(self.faults.pipeline):
            time.sleep(seconds)

    def lock(self, seconds: float) -> None:
        with self.postgres, self.faults.pipeline.connect() as other:
            other.execute("begin; lock table raw.raw_logins in exclusive mode")
            time.sleep(seconds)
            other.execute("commit")

    def terminate(self, seconds: float) -> None:
        with self.postgres, self.faults.pipeline.connect() as other:
            for _ in range(1 + round(2 * seconds)):
                other.execute(
                    "select pg_terminate_backend(pid) from pg_stat_activity"
                    " where datname = current_database() and pid <> pg_backend_pid()"
                )
                time.sleep(0.5)


@pytest.fixture
def faults(pipeline: Pipeline) -> Iterator[Faulty]:
    pipeline.vault("init")
    with faulty(pipeline) as made:
        yield made


@pytest.mark.parametrize("seed", range(int(os.environ.get("FAULT_SCHEDULES", "3"))))
def test_random_faults(faults: Faulty, seed: int) -> None:
    events = schedule(seed)
    again = f"FAULT_SCHEDULES={seed + 1} pytest -n 0 '{__file__}::test_random_faults[{seed}]'"
    print(f"to repeat: {again}", *events, sep="\n")  # noqa: T201 - shown with a failure
    history = History(faults)
    history.queue.redrive = receives(events), faults.endpoint.queue(DEAD_LETTERS)
    history.happen(events)
    faults.endpoint.latency = 0
    faults.sent = len(history.sent)
    faults.rerun_and_check()
    landed = faults.pipeline.sql("select message_id, body from raw.raw_logins")
    landed += faults.pipeline.sql("select message_id, body from raw.quarantined_messages")
    assert dict(landed) == history.sent
