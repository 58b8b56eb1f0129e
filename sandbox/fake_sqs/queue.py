"""An SQS queue in memory, by AWS's rules, at a cost per call that does not grow with its depth.

The rules are those of the API reference and the developer guide:
https://docs.aws.amazon.com/AWSSimpleQueueService/latest/APIReference/Welcome.html
"""

import hashlib
import re
import time
from collections import OrderedDict
from collections.abc import Callable, Iterator
from dataclasses import dataclass, field
from heapq import heappop, heappush
from itertools import count
from threading import RLock
from typing import Any
from uuid import uuid4

ACCOUNT = "000000000000"

HANDLE = re.compile(r"(?P<key>[0-9a-f]{32})\.(?P<id>[0-9a-f-]{36})\.(?P<receipt>\d{1,9})")
"""A receipt handle: the queue's key, the message's id, the number of the handle."""


class SqsError(Exception):
    """What SQS refuses: the code is its JSON protocol's, the status HTTP's."""

    def __init__(self, code: str, message: str, status: int = 400) -> None:
        super().__init__(message)
        self.code = code
        self.status = status


def invalid(parameter: str, reason: str) -> SqsError:
    """Return the error of a parameter that is out of order."""
    return SqsError(
        "InvalidParameterValue", f"Value for parameter {parameter} is invalid. Reason: {reason}"
    )


@dataclass(slots=True)
class Message:
    """One message. Times are milliseconds since 1970, as SQS tells them."""

    body: str
    attributes: dict[str, Any] = field(default_factory=dict)
    group: str = ""
    deduplication_id: str = ""
    sequence: int = 0
    id: str = field(default_factory=lambda: str(uuid4()))
    md5: str = ""
    sent_at: int = 0
    receive_count: int = 0
    first_received_at: int = 0
    source: str = ""
    """ARN of the queue that gave up on it."""
    receipt: int = 0
    """Number of its latest receipt handle."""
    visible_at: float = 0.0
    """When it is visible again, by the monotonic clock."""

    def __post_init__(self) -> None:
        self.md5 = hashlib.md5(self.body.encode(), usedforsecurity=False).hexdigest()
        self.sent_at = milliseconds()


def milliseconds() -> int:
    """Return the time as SQS tells it."""
    return int(time.time() * 1000)


class Queue:
    """A standard queue.

    Whoever calls a method holds `lock`; `waiting`, `in_flight`, `delayed` and `messages` take it
    themselves and may be read from any thread.
    """

    def __init__(self, name: str, attributes: dict[str, str], lock: RLock) -> None:
        self.name = name
        self.attributes = attributes
        self.arn = f"arn:aws:sqs:us-east-1:{ACCOUNT}:{name}"
        self.redrive: tuple[int, Queue] | None = None
        """maxReceiveCount and the dead-letter queue."""
        self.listeners: set[Callable[[], object]] = set()
        """Called, in whatever thread, when a message becomes visible or when that is settled."""
        self.lock = lock
        self._key = uuid4().hex
        self._sequence = count(1)
        self._messages: dict[str, Message] = {}
        self._visible: OrderedDict[str, None] = OrderedDict()
        self._delayed: set[str] = set()
        # (visible at, id): entries that a message has outlived stay in until they are due.
        self._hidden: list[tuple[float, str]] = []

    @property
    def waiting(self) -> int:
        """Messages that are visible."""
        with self.lock:
            self._expire()
            return len(self._visible)

    @property
    def delayed(self) -> int:
        """Messages sent with a delay that is not over."""
        with self.lock:
            self._expire()
            return len(self._delayed)

    @property
    def in_flight(self) -> int:
        """Messages received and neither deleted nor visible again."""
        with self.lock:
            self._expire()
            return len(self._messages) - len(self._visible) - len(self._delayed)

    @property
    def messages(self) -> dict[str, str]:
        """The state of every message by its id: waiting, delayed or in flight."""
        with self.lock:
            self._expire()
            return {
                message_id: "waiting"
                if message_id in self._visible
                else "delayed"
                if message_id in self._delayed
                else "in flight"
                for message_id in self._messages
            }

    def send(self, message: Message, delay: float = 0) -> Message:
        """Put a message in and return the one that is in the queue."""
        self._add(message, delay)
        return message

    def _add(self, message: Message, delay: float = 0) -> None:
        message.sequence = next(self._sequence)
        self._messages[message.id] = message
        if delay:
            self._delayed.add(message.id)
            self._hide(message, delay)
        else:
            self._show(message)

    def receive(self, most: int, visibility: float) -> list[Message]:
        """Return up to `most` messages, in flight for `visibility` seconds, new handles on them."""
        self._expire()
        received: list[Message] = []
        visible = self._next_visible()
        while len(received) < most and (message := next(visible, None)):
            if self.redrive and message.receive_count >= self.redrive[0]:
                self._bury(message, self.redrive[1])
                continue
            message.first_received_at = message.first_received_at or milliseconds()
            self.receive_again(message)
            self._hide(message, visibility)
            received.append(message)
        return received

    def receive_again(self, message: Message) -> None:
        """Count one more receive, with a receipt handle of its own."""
        message.receive_count += 1
        message.receipt += 1

    def handle(self, message: Message) -> str:
        """Return the latest receipt handle of a message."""
        return f"{self._key}.{message.id}.{message.receipt}"

    def delete(self, handle: str) -> None:
        """Delete a message by its latest handle; an older one deletes nothing, without error."""
        if message := self._latest(handle):
            self._remove(message)

    def change_visibility(self, handle: str, seconds: float) -> None:
        """Let a message that is in flight be visible again in `seconds`."""
        message = self._latest(handle)
        if message is None:
            raise invalid(
                "ReceiptHandle",
                "Message does not exist or is not available for visibility timeout change.",
            )
        self._expire()
        if message.id in self._visible:
            raise SqsError("MessageNotInflight", "The specified message isn't in flight.")
        if seconds:
            self._hide(message, seconds)
        else:
            self._show(message)

    def next_visible_at(self) -> float:
        """Return when, by the monotonic clock, a message may become visible by itself."""
        return self._hidden[0][0] if self._hidden else float("inf")

    def _latest(self, handle: str) -> Message | None:
        """Return the message that a handle is the latest of, or None for an older handle."""
        found = HANDLE.fullmatch(handle)
        if not found or found["key"] != self._key:
            raise SqsError("ReceiptHandleIsInvalid", "The input receipt handle is invalid.", 404)
        message = self._messages.get(found["id"])
        return message if message and message.receipt == int(found["receipt"]) else None

    def _next_visible(self) -> Iterator[Message]:
        while self._visible:
            yield self._messages[self._visible.popitem(last=False)[0]]

    def _show(self, message: Message) -> None:
        message.visible_at = 0.0
        self._visible[message.id] = None
        self._delayed.discard(message.id)
        self._notify()

    def _hide(self, message: Message, seconds: float) -> None:
        message.visible_at = time.monotonic() + seconds
        heappush(self._hidden, (message.visible_at, message.id))
        self._notify()

    def _notify(self) -> None:
        for listener in tuple(self.listeners):
            listener()

    def _expire(self) -> None:
        """Show what has become visible again by now."""
        now = time.monotonic()
        while self._hidden and self._hidden[0][0] <= now:
            due, message_id = heappop(self._hidden)
            message = self._messages.get(message_id)
            if message and message.visible_at == due:
                self._show(message)

    def _bury(self, message: Message, dead_letters: "Queue") -> None:
        """Move a message to the dead-letter queue, where it keeps its id and time."""
        self._remove(message)
        message.source = self.arn
        dead_letters._add(message)

    def _remove(self, message: Message) -> None:
        del self._messages[message.id]
        self._visible.pop(message.id, None)
        self._delayed.discard(message.id)
