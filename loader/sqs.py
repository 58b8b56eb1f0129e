"""The one door to SQS."""

import hashlib
import json
import logging
import re
import time
from collections.abc import Iterator, Mapping, Sequence
from dataclasses import dataclass
from datetime import datetime, timezone
from threading import Lock
from typing import TYPE_CHECKING, Any

import boto3
from botocore.config import Config
from botocore.parsers import ResponseParserError

from loader.errors import ExitCode, LoaderError
from loader.settings import Queue
from loader.sqs_errors import NoSuchQueueError, sqs_errors
from loader.stop import Patience

if TYPE_CHECKING:
    from mypy_boto3_sqs.client import SQSClient
    from mypy_boto3_sqs.type_defs import MessageTypeDef

log = logging.getLogger(__name__)

BATCH = 10
"""Messages that one request may carry (SQS quota)."""

MAX_CONNECTIONS = 80
"""More than receivers, deleters and the one that keeps messages hidden ever need."""

COUNTERS = ("", "Delayed", "NotVisible")


@dataclass(frozen=True)
class Message:
    """One delivery of one message, as it came."""

    message_id: str
    receipt_handle: str
    body: str
    body_md5: str | None
    sent_at: datetime | None
    receive_count: int | None
    attributes: str
    """JSON text, ASCII only: the system attributes, and message attributes under "message"."""

    @property
    def is_whole(self) -> bool:
        """Whether the body is the one that SQS took the MD5 of. boto3 does not look."""
        body = self.body.encode("utf-8", "surrogatepass")
        return hashlib.md5(body, usedforsecurity=False).hexdigest() == self.body_md5


@dataclass(frozen=True)
class Backlog:
    """The queue's own counters, which are approximate."""

    waiting: int
    in_flight: int


class LoginQueue:
    """A queue that is there. Safe for several threads.

    Every method raises LoaderError if SQS refuses, or is out of reach for longer than `patience`.
    """

    def __init__(self, client: "SQSClient", name: str, url: str, patience: Patience) -> None:
        self._client = client
        client.meta.events.register("after-call.sqs.ReceiveMessage", _is_complete)
        self._name = name
        self._url = url
        self._patience = patience
        self._lock = Lock()
        self.requests = 0
        """Requests made so far. SQS charges for each."""

    def receive(self, wait_seconds: int, most: int, hide_seconds: int) -> list[Message]:
        """Receive up to `most` messages, waiting up to `wait_seconds` (0 to 20) for the first.

        Others do not see them for `hide_seconds`.
        """
        messages = self._call(
            "sqs:ReceiveMessage",
            self._receive,
            MaxNumberOfMessages=most,
            WaitTimeSeconds=wait_seconds,
            VisibilityTimeout=hide_seconds,
            MessageSystemAttributeNames=["All"],
            MessageAttributeNames=["All"],
        )
        whole = [received for received in messages if received.is_whole]
        if damaged := len(messages) - len(whole):
            self._patience.count("damaged", damaged)
            log.warning(
                "%d messages came damaged (MD5OfBody does not match): left in the queue", damaged
            )
        return whole

    def delete(self, handles: Mapping[str, str]) -> set[str]:
        """Delete up to ten messages, given as message id → receipt handle; return those deleted.

        Only what SQS lists as successful counts.
        """
        return self._batch("sqs:DeleteMessage", self._client.delete_message_batch, handles)

    def hide(self, handles: Mapping[str, str], seconds: int) -> set[str]:
        """Keep up to ten messages from other receivers for `seconds` more; 0 releases them.

        Returns the ids of those that are.
        """
        return self._batch(
            "sqs:ChangeMessageVisibility",
            self._client.change_message_visibility_batch,
            handles,
            VisibilityTimeout=seconds,
        )

    def visibility_seconds(self) -> int:
        """Ask how long a received message stays hidden from other receivers."""
        return int(self.attributes(["VisibilityTimeout"]).get("VisibilityTimeout", 0))

    def backlog(self) -> Backlog:
        """Ask the queue how much it holds."""
        names = [f"ApproximateNumberOfMessages{counter}" for counter in COUNTERS]
        attributes = self.attributes(names)
        with sqs_errors("sqs:GetQueueAttributes", self._name, self.endpoint):
            waiting, delayed, in_flight = (int(attributes[name]) for name in names)
        return Backlog(waiting + delayed, in_flight)

    def attributes(self, names: Sequence[str] = ("All",)) -> dict[str, str]:
        """Return the queue's attributes."""
        answer = self._call(
            "sqs:GetQueueAttributes", self._client.get_queue_attributes, AttributeNames=names
        )
        return dict(answer.get("Attributes", {}))

    def denied_actions(self) -> Iterator[tuple[str, LoaderError | None]]:
        """Yield each action that can be tried without effect, and why it is denied, or None.

        With a receipt handle that is none SQS answers a caller who may that it is invalid.
        """
        for action, method, more in (
            ("sqs:DeleteMessage", self._client.delete_message, {}),
            (
                "sqs:ChangeMessageVisibility",
                self._client.change_message_visibility,
                {"VisibilityTimeout": 0},
            ),
        ):
            try:
                self._call(action, method, ReceiptHandle="none", **more)
                yield action, None
            except LoaderError as error:
                yield action, error if error.exit_code is ExitCode.PERMISSION else None

    @property
    def endpoint(self) -> str:
        """Where requests go."""
        return self._client.meta.endpoint_url

    def _call(self, action: str, method: Any, **arguments: Any) -> Any:
        def call() -> Any:
            with self._lock:
                self.requests += 1
            with sqs_errors(action, self._name, self.endpoint):
                return method(QueueUrl=self._url, **arguments)

        return self._patience.retry("SQS", call)

    def _batch(self, action: str, method: Any, handles: Mapping[str, str], **more: int) -> set[str]:
        ids = list(handles)
        answer = self._call(
            action,
            method,
            Entries=[{"Id": str(i), "ReceiptHandle": handles[m]} | more for i, m in enumerate(ids)],
        )
        with sqs_errors(action, self._name, self.endpoint):
            return {ids[int(entry["Id"])] for entry in answer.get("Successful", [])}

    def _receive(self, **arguments: Any) -> list[Message]:
        answer = self._client.receive_message(**arguments)
        return [message(received) for received in answer.get("Messages") or []]


def _is_complete(http_response: Any, parsed: dict[str, Any], **_: object) -> None:
    """Refuse an answer that is cut, blank or a page: boto3 takes it for an empty queue."""
    if http_response.status_code == 200 and not parsed.get("Messages"):
        said = json.loads(http_response.content)
        if not isinstance(said, dict) or said.get("Messages") or said.keys() - {"Messages"}:
            raise ResponseParserError("no answer of SQS")


def open_queue(queue: Queue, patience: Patience) -> LoginQueue:
    """Find the queue, waiting as long as `patience` says for one that is still being created.

    Raises LoaderError: CONFIGURATION if it is not there in time, PERMISSION if credentials or
    rights are missing, RETRYABLE if the endpoint cannot be reached.
    """
    deadline = time.monotonic() + patience.seconds
    client = _make_client(queue)
    told = False
    while True:
        try:
            url = patience.retry("SQS", lambda: _queue_url(client, queue))
            found = LoginQueue(client, queue.name, url, patience)
            found.backlog()  # a URL is only a claim until the queue has answered
            return found
        except NoSuchQueueError:
            if patience.stop.requested or time.monotonic() >= deadline:
                raise
        if not told:
            log.info("queue %r is not there yet, waiting up to %gs", queue.name, patience.seconds)
            told = True
        patience.stop.sleep(1)


def _make_client(queue: Queue) -> "SQSClient":
    with sqs_errors("sqs:GetQueueUrl", queue.name, queue.endpoint or "AWS"):
        session = boto3.Session(region_name=queue.region)
        credentials: dict[str, Any] = {}
        if queue.is_local and not session.get_credentials():
            # Servers other than AWS take any key, but boto3 does not sign without one.
            credentials = {"aws_access_key_id": "local", "aws_secret_access_key": "local"}
        return session.client(
            "sqs",
            endpoint_url=queue.endpoint,
            config=Config(
                connect_timeout=5,
                read_timeout=10,  # twice the longest poll, and within a stop's ten seconds
                retries={"total_max_attempts": 1},  # Patience tries again, and counts
                max_pool_connections=MAX_CONNECTIONS,
                # Parameters are ours, and what calls is told once: a fifth of a call's CPU.
                parameter_validation=False,
                user_agent="login-loader",
            ),
            **credentials,
        )


def _queue_url(client: "SQSClient", queue: Queue) -> str:
    if queue.url:
        return queue.url
    owner = {"QueueOwnerAWSAccountId": queue.account} if queue.account else {}
    with sqs_errors("sqs:GetQueueUrl", queue.name, client.meta.endpoint_url):
        return client.get_queue_url(QueueName=queue.name, **owner)["QueueUrl"]


def message(received: "MessageTypeDef") -> Message:
    """Return a message of an answer to ReceiveMessage. Raises KeyError if it is none."""
    attributes = {str(name): value for name, value in received.get("Attributes", {}).items()}
    sent, count = attributes.get("SentTimestamp"), attributes.get("ApproximateReceiveCount", "")
    return Message(
        message_id=received["MessageId"],
        receipt_handle=received["ReceiptHandle"],
        body=received["Body"],
        body_md5=received.get("MD5OfBody"),
        sent_at=sent_timestamp(sent) if sent else None,
        receive_count=int(count) if re.fullmatch("[0-9]{1,9}", count) else None,
        # Binary attribute values have no JSON form; their Python notation is still readable.
        attributes=json.dumps(
            attributes | {"message": received.get("MessageAttributes", {})}, default=repr
        ),
    )


def sent_timestamp(text: str) -> datetime | None:
    """Read a SentTimestamp: milliseconds since 1970, or seconds as some local servers send.

    Returns None for what is no such number. 10¹¹ tells the units apart: as seconds it lies in
    the year 5138, as milliseconds in 1973, before SQS.
    """
    try:
        number = float(text)
        return datetime.fromtimestamp(number if number < 1e11 else number / 1000, timezone.utc)
    except (ValueError, OverflowError, OSError):
        return None
