"""A pipeline on an endpoint with faults, and what must be true after each of them."""

import json
import signal
import subprocess
import time
from collections.abc import Callable, Iterator
from contextlib import contextmanager
from dataclasses import dataclass, field

from mypy_boto3_sqs.client import SQSClient

from sandbox.fake_sqs.endpoint import Endpoint
from sandbox.sqs import make_client, send
from tests.conftest import ROOT, Outcome, Pipeline

QUEUE, DEAD_LETTERS = "faulty-queue", "dead-letters"
VISIBILITY_SECONDS = 3
"""Long enough for a run, short enough to wait for after a crash."""

KILLED = -signal.SIGKILL

AT_ONCE = """
from loader import __main__, rounds
rounds.FIRST_REQUESTS = {requests}
raise SystemExit(__main__.main(list({arguments})))
"""


@dataclass
class Faulty:
    """A pipeline whose queue has a dead-letter queue at three receives."""

    pipeline: Pipeline
    endpoint: Endpoint
    sent: int = 0
    runs: list[Outcome] = field(default_factory=list)

    def send(self, bodies: list[str]) -> None:
        send(self.client(), self.url(), bodies)
        self.sent += len(bodies)

    def client(self) -> SQSClient:
        return make_client(self.pipeline.env)

    def url(self) -> str:
        return self.client().get_queue_url(QueueName=QUEUE)["QueueUrl"]

    def load(self, *arguments: str, **env: str) -> Outcome:
        """Run the loader to its end."""
        self._ended(self.pipeline.load(*arguments, **env))
        return self.runs[-1]

    def _ended(self, run: Outcome) -> None:
        self.runs.append(run)
        if run.code == 0:  # which says that the queue is drained
            queue = self.endpoint.queue(QUEUE)
            assert (queue.waiting, queue.in_flight) == (0, 0)

    @contextmanager
    def loading(
        self, *arguments: str, code: str = "", at_once: int = 0, **env: str
    ) -> Iterator[subprocess.Popen[str]]:
        """Run the loader, or Python code, beside the block; it is over when the block is.

        `at_once` is how many messages the first round may hold, instead of ten.
        """
        if at_once:
            code = AT_ONCE.format(requests=at_once // 10, arguments=arguments)
        command = ["-c", code] if code else ["-m", "loader", *arguments]
        with subprocess.Popen(
            ["python", *command],
            env=self.pipeline.env | env,
            cwd=ROOT,
            stdout=subprocess.PIPE,
            stderr=subprocess.PIPE,
            text=True,
        ) as process:
            try:
                yield process
                stdout, stderr = process.communicate(timeout=60)
                self._ended(Outcome(process.returncode, stdout, stderr))
            finally:
                process.kill()

    def rerun_and_check(self) -> Outcome:
        """Run the loader without faults, and insist on what is promised after any single fault.

        Nothing lost, one row per message, nothing healthy in the dead-letter queue, 0 only if
        drained, no body in any output.
        """
        self.endpoint.clear()
        rerun = self.load("--wait", "15")
        assert rerun.code == 0, rerun.output
        assert self.rows() == (self.sent, self.sent)
        queue = self.endpoint.queue(QUEUE)
        assert (queue.waiting, queue.in_flight) == (0, 0)
        assert self.endpoint.queue(DEAD_LETTERS).waiting == 0
        for run in self.runs:
            assert "192.0." not in run.output
            assert "Traceback" not in run.output
        assert "192.0." not in self.pipeline.server_log()
        return rerun

    def rows(self) -> tuple[int, int]:
        """Rows in raw and quarantine, and distinct message ids among them."""
        return self.pipeline.sql(
            "select count(*), count(distinct message_id) from (select message_id from"
            " raw.raw_logins union all select message_id from raw.quarantined_messages) as m"
        )[0]

    def held(self) -> int:
        return self.endpoint.queue(QUEUE).in_flight

    def calls(self, action: str) -> int:
        return self.endpoint.calls[action]


@contextmanager
def faulty(pipeline: Pipeline) -> Iterator[Faulty]:
    """Put an endpoint with faults in the place of the sandbox's."""
    with Endpoint() as endpoint:
        pipeline.env |= {"AWS_ENDPOINT_URL": endpoint.url, "LOGIN_QUEUE": QUEUE}
        client = make_client(pipeline.env)
        client.create_queue(QueueName=DEAD_LETTERS)
        arn = "arn:aws:sqs:us-east-1:000000000000:" + DEAD_LETTERS
        client.create_queue(
            QueueName=QUEUE,
            Attributes={
                "VisibilityTimeout": str(VISIBILITY_SECONDS),
                "RedrivePolicy": json.dumps({"deadLetterTargetArn": arn, "maxReceiveCount": "3"}),
            },
        )
        yield Faulty(pipeline, endpoint)


def until(condition: Callable[[], bool], seconds: float = 20) -> None:
    """Wait for a condition; fail if it does not come true."""
    deadline = time.monotonic() + seconds
    while not condition():
        assert time.monotonic() < deadline, "waited in vain"
        time.sleep(0.02)


def sleeping(pipeline: Pipeline) -> bool:
    """Whether somebody is in the middle of a statement that `slowed` slows."""
    return bool(
        pipeline.value(
            "select count(*) from pg_stat_activity"
            " where wait_event = 'PgSleep' and datname = current_database()"
        )
    )
