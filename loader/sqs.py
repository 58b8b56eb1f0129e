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
from loader.settings import QueueSettings
from loader.sqs_errors import NoSuchQueueError, sqs_errors
from loader.stop import Patience

if TYPE_CHECKING:
    from mypy_boto3_sqs.client import SQSClient
    from mypy_boto3_sqs.type_defs import MessageTypeDef

log = logging.getLogger("loader")

BATCH = 10
"""Messages that one request may carry (SQS quota)."""

MOST_REQUESTS = 50
"""Requests at once, as a round needs to hide 100 ms a request: see docs/decisions/rounds.md."""

READ_SECONDS = 8
"""Longer than the longest poll, and within the ten seconds of a stop."""

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
        """Whether the body is the one that SQS took the MD5 of. boto3 does not check it."""
        body = self.body.encode("utf-8", "surrogatepass")
        return hashlib.md5(body, usedforsecurity=False).hexdigest() == self.body_md5


@dataclass(frozen=True)
class Backlog:
    """The counters of the queue, which are approximate."""

    waiting: int
    in_flight: int


class Queue:
    """A queue that exists. Safe for several threads.

    Every method makes one request and raises LoaderError if SQS refuses it, TemporaryError if a
    later one may succeed.
    """

    def __init__(self, client: "SQSClient", name: str, url: str) -> None:
        self._client = client
        client.meta.events.register("after-call.sqs.ReceiveMessage", _require_whole_answer)
        self._name = name
        self._url = url
        self._lock = Lock()
        self.requests = 0
        """Requests made so far. SQS charges for each."""

    def receive(self, wait_seconds: int, most: int, hide_seconds: int) -> list[Message]:
        """Receive up to `most` messages, waiting up to `wait_seconds` (0 to 20) for the first.

        Other receivers do not see them for `hide_seconds`.
        """
        received: list[Message] = self._call(
            "sqs:ReceiveMessage",
            self._receive,
            MaxNumberOfMessages=most,
            WaitTimeSeconds=wait_seconds,
            VisibilityTimeout=hide_seconds,
            MessageSystemAttributeNames=["All"],
            MessageAttributeNames=["All"],
        )
        return received

    def delete(self, handles: Mapping[str, str]) -> set[str]:
        """Delete up to ten messages, given as message id → receipt handle.

        Returns the ids that SQS confirms as deleted.
        """
        return self._batch("sqs:DeleteMessage", self._client.delete_message_batch, handles)

    def hide(self, handles: Mapping[str, str], seconds: int) -> set[str]:
        """Hide up to ten messages from other receivers for `seconds` more; 0 releases them.

        Returns the ids that SQS confirms.
        """
        return self._batch(
            "sqs:ChangeMessageVisibility",
            self._client.change_message_visibility_batch,
            handles,
            VisibilityTimeout=seconds,
        )

    def backlog(self) -> Backlog:
        """Return how much the queue holds."""
        waiting, delayed, in_flight = self.numbers(
            *(f"ApproximateNumberOfMessages{counter}" for counter in COUNTERS)
        )
        return Backlog(waiting + delayed, in_flight)

    def numbers(self, *names: str) -> list[int]:
        """Return attributes of the queue that are numbers."""
        attributes = self.attributes(names)
        with sqs_errors("sqs:GetQueueAttributes", self._name, self.endpoint):
            return [int(attributes[name]) for name in names]

    def attributes(self, names: Sequence[str] = ("All",)) -> dict[str, str]:
        """Return the attributes of the queue."""
        answer = self._call(
            "sqs:GetQueueAttributes", self._client.get_queue_attributes, AttributeNames=names
        )
        return dict(answer.get("Attributes", {}))

    def denied_actions(self) -> Iterator[tuple[str, LoaderError | None]]:
        """Yield each action that can be tried without effect, and why it is denied, or None.

        SQS answers a caller who has the right that the receipt handle is invalid.
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
        with self._lock:
            self.requests += 1
        with sqs_errors(action, self._name, self.endpoint):
            return method(QueueUrl=self._url, **arguments)

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


def _require_whole_answer(http_response: Any, parsed: dict[str, Any], **_: object) -> None:
    """Refuse an answer that is cut, blank or a page: boto3 takes it for an empty queue."""
    if http_response.status_code == 200 and not parsed.get("Messages"):
        said = json.loads(http_response.content)
        if not isinstance(said, dict) or said.get("Messages") or said.keys() - {"Messages"}:
            raise ResponseParserError("not an answer of SQS")


def open_queue(settings: QueueSettings, patience: Patience) -> Queue:
    """Find the queue, and wait as long as `patience` says for one that is still being created.

    Raises LoaderError: CONFIGURATION if it is not there in time, PERMISSION if credentials or
    rights are missing, RETRYABLE if the endpoint is out of reach.
    """
    deadline = time.monotonic() + patience.seconds
    client = _make_client(settings)

    def find() -> Queue:
        found = Queue(client, settings.name, _queue_url(client, settings))
        found.backlog()  # a URL is only a claim until the queue has answered
        return found

    has_said = False
    while True:
        try:
            return patience.retry("SQS", find)
        except NoSuchQueueError:
            if patience.stop.requested or time.monotonic() >= deadline:
                raise
        if not has_said:
            log.info(
                "queue %r is not there yet, waiting up to %gs", settings.name, patience.seconds
            )
            has_said = True
        patience.stop.sleep(1)


def _make_client(settings: QueueSettings) -> "SQSClient":
    with sqs_errors("sqs:GetQueueUrl", settings.name, settings.endpoint or "AWS"):
        session = boto3.Session(region_name=settings.region)
        credentials: dict[str, Any] = {}
        if settings.is_local and not session.get_credentials():
            # Servers other than AWS take any key, but boto3 does not sign without one.
            credentials = {"aws_access_key_id": "local", "aws_secret_access_key": "local"}
        return session.client(
            "sqs",
            endpoint_url=settings.endpoint,
            config=Config(
                connect_timeout=5,
                read_timeout=READ_SECONDS,
                retries={"total_max_attempts": 1},  # Patience tries again, and counts
                max_pool_connections=MOST_REQUESTS,
                # Our parameters are valid; checking them takes a fifth of a request's CPU.
                parameter_validation=False,
                user_agent="login-loader",
            ),
            **credentials,
        )


def _queue_url(client: "SQSClient", settings: QueueSettings) -> str:
    if settings.url:
        return settings.url
    owner = {"QueueOwnerAWSAccountId": settings.account} if settings.account else {}
    with sqs_errors("sqs:GetQueueUrl", settings.name, client.meta.endpoint_url):
        return client.get_queue_url(QueueName=settings.name, **owner)["QueueUrl"]


def message(received: "MessageTypeDef") -> Message:
    """Return a message of an answer to ReceiveMessage. Raises KeyError if a field is missing."""
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

    Returns None for any other text. 10¹¹ tells the units apart: as seconds it lies in the year
    5138, as milliseconds in 1973, before SQS.
    """
    try:
        number = float(text)
        return datetime.fromtimestamp(number if number < 1e11 else number / 1000, timezone.utc)
    except (ValueError, OverflowError, OSError):
        return None
