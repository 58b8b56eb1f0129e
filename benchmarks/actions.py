"""The actions of SQS: parameters as the JSON protocol names them in, an answer out."""

import asyncio
import hashlib
import json
import re
import time
from collections.abc import Callable, Sequence
from contextlib import suppress
from functools import partial
from threading import RLock
from typing import Any

from benchmarks.fifo import FifoQueue
from benchmarks.queue import ACCOUNT, Message, Queue, SqsError, invalid

Parameters = dict[str, Any]
Answer = dict[str, Any]

LARGEST = 1024 * 1024
"""Bytes of a message, and of a batch."""

DEFAULTS = {"VisibilityTimeout": "30", "DelaySeconds": "0", "ReceiveMessageWaitTimeSeconds": "0"}

ENTRY_ID = re.compile(r"[A-Za-z0-9_-]{1,80}")

FORBIDDEN = re.compile("[^\t\n\r\x20-\ud7ff\ue000-\ufffd\U00010000-\U0010ffff]")
"""What SendMessage refuses: all but the characters of XML 1.0."""

DIGITS = str.maketrans("0123456789", "1234567891")


class Actions:
    """All queues of an endpoint, and what can be done with them.

    `fault` makes an action go wrong on purpose, see `benchmarks.faults`.
    """

    def __init__(self, url: str) -> None:
        self.url = url
        self.lock = RLock()
        self.queues: dict[str, Queue] = {}
        self._methods: dict[str, Callable[[Parameters, str], Answer]] = {
            "GetQueueUrl": self._get_queue_url,
            "CreateQueue": self._create_queue,
            "DeleteQueue": self._delete_queue,
            "GetQueueAttributes": self._get_attributes,
            "SetQueueAttributes": self._set_attributes,
            "SendMessage": self._one(self._send),
            "SendMessageBatch": self._batch(self._send),
            "DeleteMessage": self._one(self._delete),
            "DeleteMessageBatch": self._batch(self._delete),
            "ChangeMessageVisibility": self._one(self._change_visibility),
            "ChangeMessageVisibilityBatch": self._batch(self._change_visibility),
        }

    async def perform(self, action: str, parameters: Parameters, fault: str = "") -> Answer:
        """Carry an action out and return its answer. Raises SqsError if it is refused."""
        if action == "ReceiveMessage":
            return await self._receive(parameters, fault)
        if action not in self._methods:
            raise SqsError("UnknownOperationException", f"No such action here: {action}", 404)
        with self.lock:
            return self._methods[action](parameters, fault)

    # Queues

    def create(self, name: str, attributes: dict[str, str]) -> Queue:
        """Make a queue, or return the one that is there."""
        is_fifo = attributes.get("FifoQueue") == "true"
        if is_fifo != name.endswith(".fifo"):
            raise invalid("QueueName", "FIFO queues, and they alone, have names that end in .fifo")
        with self.lock:
            queue = self.queues.get(name)
            if queue is None:
                kind = FifoQueue if is_fifo else Queue
                queue = kind(name, dict(DEFAULTS), self.lock)
                self._apply(queue, attributes)
                self.queues[name] = queue
            elif attributes.items() - queue.attributes.items():
                raise SqsError("QueueNameExists", "The queue is there with other attributes.")
            return queue

    def _apply(self, queue: Queue, attributes: dict[str, str]) -> None:
        policy = attributes.get("RedrivePolicy")
        if policy:
            redrive = json.loads(policy)
            name = redrive["deadLetterTargetArn"].rpartition(":")[2]
            if name not in self.queues:
                raise invalid("RedrivePolicy", "Dead letter target does not exist.")
            queue.redrive = (int(redrive["maxReceiveCount"]), self.queues[name])
        elif policy == "":
            queue.redrive = None
        queue.attributes.update(attributes)

    def _find(self, parameters: Parameters) -> Queue:
        name = parameters.get("QueueName") or parameters.get("QueueUrl", "").rpartition("/")[2]
        if name not in self.queues:
            raise SqsError("QueueDoesNotExist", "The specified queue does not exist.")
        return self.queues[name]

    def _url_of(self, queue: Queue) -> Answer:
        return {"QueueUrl": f"{self.url}/{ACCOUNT}/{queue.name}"}

    def _get_queue_url(self, parameters: Parameters, _: str) -> Answer:
        return self._url_of(self._find(parameters))

    def _create_queue(self, parameters: Parameters, _: str) -> Answer:
        return self._url_of(self.create(parameters["QueueName"], parameters.get("Attributes", {})))

    def _delete_queue(self, parameters: Parameters, _: str) -> Answer:
        del self.queues[self._find(parameters).name]
        return {}

    def _get_attributes(self, parameters: Parameters, _: str) -> Answer:
        queue = self._find(parameters)
        attributes = queue.attributes | {
            "QueueArn": queue.arn,
            "ApproximateNumberOfMessages": str(queue.waiting),
            "ApproximateNumberOfMessagesNotVisible": str(queue.in_flight),
            "ApproximateNumberOfMessagesDelayed": str(queue.delayed),
        }
        return {"Attributes": _chosen(attributes, parameters.get("AttributeNames", []))}

    def _set_attributes(self, parameters: Parameters, _: str) -> Answer:
        self._apply(self._find(parameters), parameters["Attributes"])
        return {}

    # Messages

    async def _receive(self, parameters: Parameters, fault: str) -> Answer:
        queue = self._find(parameters)
        most = _number(parameters, "MaxNumberOfMessages", 1, 1, 10)
        defaults = {name: int(queue.attributes[name]) for name in DEFAULTS}
        wait = _number(parameters, "WaitTimeSeconds", defaults["ReceiveMessageWaitTimeSeconds"])
        visibility = _number(
            parameters, "VisibilityTimeout", defaults["VisibilityTimeout"], most=43200
        )

        def receive() -> list[Answer]:
            with self.lock:
                if fault != "twice":
                    found = queue.receive(most, visibility)
                    return [_delivery(queue, message, parameters) for message in found]
                twice: list[Answer] = []
                for message in queue.receive(max(1, most // 2), visibility):
                    twice.append(_delivery(queue, message, parameters))
                    queue.receive_again(message)
                    twice.append(_delivery(queue, message, parameters))
                return twice

        deliveries = receive() or (await _poll(queue, receive, wait) if wait else [])
        if fault == "damaged":
            for delivery in deliveries:
                body = delivery["Body"]
                changed = body.translate(DIGITS)
                delivery["Body"] = changed if changed != body else body[:-1]
        return {"Messages": deliveries} if deliveries else {}

    def _send(self, queue: Queue, entry: Parameters, _: str) -> Answer:
        body = entry["MessageBody"]
        if FORBIDDEN.search(body):
            raise SqsError("InvalidMessageContents", "A character is outside the allowed set.")
        if _bytes(entry) > LARGEST:
            raise invalid("MessageBody", f"Message must be shorter than {LARGEST} bytes.")
        message = Message(body, entry.get("MessageAttributes") or {})
        delay = int(entry.get("DelaySeconds", queue.attributes["DelaySeconds"]))
        if isinstance(queue, FifoQueue):
            message.group, message.deduplication_id = _fifo_ids(queue, entry)
            delay = 0
        sent = queue.send(message, delay)
        answer = {"MessageId": sent.id, "MD5OfMessageBody": message.md5}
        if isinstance(queue, FifoQueue):
            answer["SequenceNumber"] = f"{sent.sequence:020}"
        return answer

    def _delete(self, queue: Queue, entry: Parameters, fault: str) -> Answer:
        if fault == "again":
            with suppress(SqsError):  # an older handle has nothing to bring back
                queue.change_visibility(entry["ReceiptHandle"], 0)
        else:
            queue.delete(entry["ReceiptHandle"])
        return {}

    def _change_visibility(self, queue: Queue, entry: Parameters, _: str) -> Answer:
        seconds = _number(entry, "VisibilityTimeout", 30, most=43200)
        queue.change_visibility(entry["ReceiptHandle"], seconds)
        return {}

    def _one(
        self, act: Callable[[Queue, Parameters, str], Answer]
    ) -> Callable[[Parameters, str], Answer]:
        return lambda parameters, fault: act(self._find(parameters), parameters, fault)

    def _batch(
        self, act: Callable[[Queue, Parameters, str], Answer]
    ) -> Callable[[Parameters, str], Answer]:
        """Make an action on one message one on up to ten, each of which may fail alone."""

        def perform(parameters: Parameters, fault: str) -> Answer:
            queue, entries = self._find(parameters), parameters["Entries"]
            _check_batch(entries)
            successful: list[Answer] = []
            failed: list[Answer] = []
            for index, entry in enumerate(entries):
                try:
                    if fault == "partial" and index % 2 == 0:
                        raise SqsError("InternalError", "An internal error occurred.", 500)
                    successful.append({"Id": entry["Id"], **act(queue, entry, fault)})
                except SqsError as error:
                    failed.append(
                        {
                            "Id": entry["Id"],
                            "Code": error.code,
                            "Message": str(error),
                            "SenderFault": error.status < 500,
                        }
                    )
            return {"Successful": successful} | ({"Failed": failed} if failed else {})

        return perform


async def _poll(queue: Queue, receive: Callable[[], list[Answer]], seconds: float) -> list[Answer]:
    """Try to receive for so long, whenever a message may have become visible."""
    loop, changed = asyncio.get_running_loop(), asyncio.Event()
    wake = partial(loop.call_soon_threadsafe, changed.set)
    queue.listeners.add(wake)
    try:
        deadline = time.monotonic() + seconds
        while True:
            changed.clear()
            deliveries = receive()
            now = time.monotonic()
            if deliveries or now >= deadline:
                return deliveries
            pause = max(0.001, min(deadline, queue.next_visible_at()) - now)
            timer = loop.call_later(pause, changed.set)
            await changed.wait()
            timer.cancel()
    finally:
        queue.listeners.discard(wake)


def _delivery(queue: Queue, message: Message, parameters: Parameters) -> Answer:
    """Return a message as ReceiveMessage does."""
    delivery: Answer = {
        "MessageId": message.id,
        "ReceiptHandle": queue.handle(message),
        "MD5OfBody": message.md5,
        "Body": message.body,
    }
    # AttributeNames is the older name of the same.
    names = parameters.get("MessageSystemAttributeNames") or parameters.get("AttributeNames")
    if names:
        attributes = {
            "SenderId": ACCOUNT,
            "SentTimestamp": str(message.sent_at),
            "ApproximateReceiveCount": str(message.receive_count),
            "ApproximateFirstReceiveTimestamp": str(message.first_received_at),
        }
        if message.group:
            attributes["MessageGroupId"] = message.group
            attributes["MessageDeduplicationId"] = message.deduplication_id
            attributes["SequenceNumber"] = f"{message.sequence:020}"
        if message.source:
            attributes["DeadLetterQueueSourceArn"] = message.source
        delivery["Attributes"] = _chosen(attributes, names)
    if message.attributes and (wanted := parameters.get("MessageAttributeNames")):
        delivery["MessageAttributes"] = _chosen(message.attributes, wanted)
    return delivery


def _chosen(attributes: dict[str, Any], names: Sequence[str]) -> dict[str, Any]:
    if "All" in names or ".*" in names:
        return attributes
    return {name: value for name, value in attributes.items() if name in names}


def _number(parameters: Parameters, name: str, default: int, least: int = 0, most: int = 20) -> int:
    number = int(parameters.get(name, default))
    if not least <= number <= most:
        raise invalid(name, f"Must be between {least} and {most}, if provided.")
    return number


def _fifo_ids(queue: Queue, entry: Parameters) -> tuple[str, str]:
    if not entry.get("MessageGroupId"):
        raise SqsError("MissingParameter", "The request must contain MessageGroupId.")
    if given := entry.get("MessageDeduplicationId"):
        return entry["MessageGroupId"], given
    if queue.attributes.get("ContentBasedDeduplication") != "true":
        raise invalid("MessageDeduplicationId", "Provide it, or enable ContentBasedDeduplication.")
    return entry["MessageGroupId"], hashlib.sha256(entry["MessageBody"].encode()).hexdigest()


def _check_batch(entries: Sequence[Parameters]) -> None:
    ids = [entry["Id"] for entry in entries]
    if not ids:
        raise SqsError("EmptyBatchRequest", "There should be at least one entry.")
    if len(ids) > 10:
        raise SqsError("TooManyEntriesInBatchRequest", "A maximum of 10 entries are allowed.")
    if len(set(ids)) < len(ids):
        raise SqsError("BatchEntryIdsNotDistinct", "An Id is repeated.")
    if not all(map(ENTRY_ID.fullmatch, ids)):
        raise SqsError("InvalidBatchEntryId", "An Id is not of up to 80 letters, digits, - or _.")
    if sum(map(_bytes, entries)) > LARGEST:
        raise SqsError("BatchRequestTooLong", f"A batch cannot be longer than {LARGEST} bytes.")


def _bytes(entry: Parameters) -> int:
    return len(entry.get("MessageBody", "").encode("utf-8", "surrogatepass"))
