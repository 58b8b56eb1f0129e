"""The one door to SQS."""

import hashlib
import json
import re
from collections.abc import Callable, Iterator, Mapping, Sequence
from dataclasses import dataclass
from datetime import datetime, timezone
from pathlib import Path
from threading import Lock
from typing import Any

import boto3
import botocore.session
from botocore.client import BaseClient
from botocore.config import Config
from botocore.parsers import ResponseParserError

from common.errors import ExitCode, LoaderError
from loader import log
from loader.settings import QueueSettings
from loader.sqs_errors import OlderProtocolError, action_of, check_answer, sqs_errors
from loader.stop import Patience, Result

Handles = dict[str, str]  # message id → receipt handle

BATCH = 10  # messages that one request may carry (SQS quota)
MOST_REQUESTS = 50  # at once, to hide 100 ms a request: see docs/decisions/rounds.md
READ_SECONDS = 8  # longer than the longest poll, and within the ten seconds of a stop
# What the query protocol needs and botocore's model of SQS no longer has: names of elements, as in
# botocore 1.31.80, the last that spoke it. A file of extras: botocore/loaders.py explains them.
OLDER_PROTOCOL = Path(__file__).parent / "models"
AWS_HOST = re.compile(r"\.(amazonaws\.com|api\.aws)\b")


@dataclass(frozen=True)
class Message:
    """One delivery of one message, as it came."""

    message_id: str
    receipt_handle: str
    body: str
    body_md5: str
    sent_at: datetime | None
    receive_count: int | None
    attributes: str  # JSON, ASCII only: system attributes, and message attributes as "message"


class Queue:
    """A queue that exists. Safe for several threads.

    Every method makes one request. It raises LoaderError if SQS refuses it, TemporaryError if a
    later one may succeed.
    """

    def __init__(self, client: BaseClient, name: str, url: str) -> None:
        self._client, self._name, self._url = client, name, url
        self.endpoint = client.meta.endpoint_url
        self._lock = Lock()
        self.requests = 0  # made so far; SQS charges for each
        self.damaged = 0  # messages, received so far

    def receive(self, wait_seconds: int, hide_seconds: int) -> list[Message]:
        """Receive up to ten messages, waiting up to `wait_seconds` (0 to 20) for the first.

        Other receivers do not see them for `hide_seconds`. Damaged messages are not returned.
        """
        received = self._request(
            "receive_message",
            lambda answer: [message(one) for one in answer.get("Messages") or []],
            MaxNumberOfMessages=BATCH,
            WaitTimeSeconds=wait_seconds,
            VisibilityTimeout=hide_seconds,
            MessageSystemAttributeNames=["All"],
            AttributeNames=["All"],  # the same for servers that know only the older name
            MessageAttributeNames=["All"],
        )
        whole = [message for message in received if message]
        if damaged := len(received) - len(whole):
            left = "%d messages came damaged (MD5OfBody does not match): left in the queue"
            log.warning(left, damaged)
            with self._lock:
                self.damaged += damaged
        return whole

    def delete(self, handles: Handles) -> set[str]:
        """Delete up to ten messages, and return the ids that SQS confirms as deleted."""
        return self._batch("delete_message_batch", handles)

    def hide(self, handles: Handles, seconds: int) -> set[str]:
        """Hide up to ten messages from other receivers for `seconds` more; 0 releases them.

        Returns the ids that SQS confirms.
        """
        return self._batch("change_message_visibility_batch", handles, VisibilityTimeout=seconds)

    def backlog(self) -> tuple[int, int]:
        """Return how many messages wait and how many are in flight, both approximate."""
        counters = ("Messages", "MessagesDelayed", "MessagesNotVisible")
        names = [f"ApproximateNumberOf{counter}" for counter in counters]
        found = self.attributes(*names)
        waiting, delayed, in_flight = (found[name] for name in names)
        return waiting + delayed, in_flight

    def attributes(self, *numbers: str) -> dict[str, Any]:
        """Return all attributes of the queue: `numbers`, which it must have, as int."""

        def read(answer: Any) -> dict[str, Any]:
            found: dict[str, Any] = answer["Attributes"]
            return found | {name: int(found[name]) for name in numbers}

        return self._request("get_queue_attributes", read, AttributeNames=["All"])

    def denied_actions(self) -> Iterator[tuple[str, LoaderError | None]]:
        """Yield each action that can be tried without effect, and why it is denied, or None.

        SQS answers a caller who has the right that the receipt handle is invalid.
        """
        for operation in ("delete_message", "change_message_visibility"):
            hide = {"VisibilityTimeout": 0} if operation.startswith("change") else {}
            denied = None
            try:
                self._request(operation, bool, ReceiptHandle="none", **hide)
            except LoaderError as error:
                denied = error if error.exit_code is ExitCode.PERMISSION else None
            yield action_of(operation), denied

    def _batch(self, operation: str, handles: Handles, **more: int) -> set[str]:
        ids = list(handles)
        entries = [{"Id": str(i), "ReceiptHandle": handles[m]} | more for i, m in enumerate(ids)]

        def read(answer: Any) -> set[str]:
            return {ids[int(entry["Id"])] for entry in answer.get("Successful", [])}

        return self._request(operation, read, Entries=entries)

    def _request(self, operation: str, read: Callable[[Any], Result], **arguments: Any) -> Result:
        """Make a request and return what `read` makes of the answer."""
        with self._lock:
            self.requests += 1
        with sqs_errors(operation, self._name, self.endpoint):
            return read(getattr(self._client, operation)(QueueUrl=self._url, **arguments))


def _require_whole_answer(http_response: Any, parsed: dict[str, Any], **_: object) -> None:
    """Refuse JSON that is cut or blank, which boto3 takes for an empty queue."""
    if http_response.status_code == 200 and not parsed.get("Messages"):
        said = json.loads(http_response.content)
        if said.get("Messages") or said.keys() - {"Messages"}:
            raise ResponseParserError("an answer to another question")


def open_queue(settings: QueueSettings, patience: Patience) -> Queue:
    """Find the queue, and wait as long as `patience` says for one that is still being created.

    Raises LoaderError: CONFIGURATION if it is not there in time, PERMISSION if credentials or
    rights are missing, RETRYABLE if the endpoint is out of reach.
    """
    try:
        return patience.retry("SQS", lambda: _find(settings))
    except OlderProtocolError:
        log.info("the endpoint of %r speaks only the older XML protocol of SQS", settings.name)
        return patience.retry("SQS", lambda: _find(settings, [str(OLDER_PROTOCOL)]))


def _find(settings: QueueSettings, models: Sequence[str] = ()) -> Queue:
    config = Config(
        connect_timeout=5,
        read_timeout=READ_SECONDS,
        retries={"total_max_attempts": 1},  # Patience tries again, and counts
        max_pool_connections=MOST_REQUESTS,
        parameter_validation=False,  # ours are valid, and it takes a fifth of a request's CPU
        user_agent="login-loader",
    )
    endpoint = settings.endpoint
    with sqs_errors("get_queue_url", settings.name, endpoint or "AWS"):
        core = botocore.session.get_session()
        core.get_component("data_loader").search_paths.extend(models)
        session = boto3.Session(region_name=settings.region, botocore_session=core)
        key: dict[str, Any] = {}
        if endpoint and not (AWS_HOST.search(endpoint) or session.get_credentials()):
            # Other servers take any, but boto3 does not sign without one.
            key = {"aws_access_key_id": "local", "aws_secret_access_key": "local"}
        client = session.client("sqs", endpoint_url=endpoint, config=config, **key)
        client.meta.events.register("before-parse.sqs", check_answer)
        if not models:
            client.meta.events.register("after-call.sqs.ReceiveMessage", _require_whole_answer)
    with sqs_errors("get_queue_url", settings.name, client.meta.endpoint_url):
        owner = {"QueueOwnerAWSAccountId": settings.account} if settings.account else {}
        url = settings.url or client.get_queue_url(QueueName=settings.name, **owner)["QueueUrl"]
    queue = Queue(client, settings.name, url)
    queue.backlog()  # a URL is only a claim until the queue has answered
    return queue


def message(received: Mapping[str, Any]) -> Message | None:
    """Return a message of an answer to ReceiveMessage. Raises KeyError if a field is missing.

    Returns None if the body is not the one that SQS took the MD5 of. boto3 does not check it.
    """
    body = received["Body"].encode("utf-8", "surrogatepass")
    body_md5 = hashlib.md5(body, usedforsecurity=False).hexdigest()
    if body_md5 != received.get("MD5OfBody"):
        return None
    attributes = dict(received.get("Attributes", {}))
    sent, count = attributes.get("SentTimestamp"), attributes.get("ApproximateReceiveCount", "")
    attributes["message"] = received.get("MessageAttributes", {})
    return Message(
        message_id=received["MessageId"],
        receipt_handle=received["ReceiptHandle"],
        body=received["Body"],
        body_md5=body_md5,
        sent_at=sent_timestamp(sent) if sent else None,
        receive_count=int(count) if re.fullmatch("[0-9]{1,9}", count) else None,
        # Binary attribute values have no JSON form; their Python notation is still readable.
        attributes=json.dumps(attributes, default=repr),
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
