"""The actions of SQS: parameters as the JSON protocol names them in, an answer out."""

import hashlib
import json
import re
from collections.abc import Callable, Sequence
from contextlib import suppress
from threading import RLock

from sandbox.fake_sqs.fifo import FifoQueue
from sandbox.fake_sqs.queue import ACCOUNT, Message, Queue, SqsError, invalid
from sandbox.fake_sqs.receiving import Answer, Parameters, chosen, number, receive

LARGEST = 1024 * 1024
"""Bytes of a message, and of a batch."""

DEFAULTS = {"VisibilityTimeout": "30", "DelaySeconds": "0", "ReceiveMessageWaitTimeSeconds": "0"}

ENTRY_ID = re.compile(r"[A-Za-z0-9_-]{1,80}")

FORBIDDEN = re.compile("[^\t\n\r\x20-\ud7ff\ue000-\ufffd\U00010000-\U0010ffff]")
"""What SendMessage refuses: all but the characters of XML 1.0."""


class Actions:
    """All queues of an endpoint, and what can be done with them.

    `fault` makes an action go wrong on purpose, see `sandbox.fake_sqs.faults`.
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
            return await receive(self._find(parameters), parameters, fault)
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
        return {"Attributes": chosen(attributes, parameters.get("AttributeNames", []))}

    def _set_attributes(self, parameters: Parameters, _: str) -> Answer:
        self._apply(self._find(parameters), parameters["Attributes"])
        return {}

    # Messages

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
        seconds = number(entry, "VisibilityTimeout", 30, most=43200)
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
