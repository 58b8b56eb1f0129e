"""A FIFO queue: in its message groups one message comes after the other."""

import time
from collections import OrderedDict
from collections.abc import Iterator
from dataclasses import dataclass, field
from heapq import heappop, heappush
from threading import RLock

from sandbox.fake_sqs.queue import Message, Queue, invalid

DEDUPLICATION_SECONDS = 300


@dataclass(slots=True)
class _Group:
    waiting: list[tuple[int, str]] = field(default_factory=list)
    """Heap of (sequence, id)."""
    in_flight: set[str] = field(default_factory=set)


class FifoQueue(Queue):
    """A FIFO queue: a message group is blocked while one of its messages is in flight.

    One receive may return several messages of a group, in order.
    """

    def __init__(self, name: str, attributes: dict[str, str], lock: RLock) -> None:
        super().__init__(name, attributes, lock)
        self._groups: dict[str, _Group] = {}
        self._open: OrderedDict[str, None] = OrderedDict()
        self._sent: dict[str, tuple[float, Message]] = {}

    def send(self, message: Message, delay: float = 0) -> Message:
        """Put a message in, unless its deduplication id was sent within five minutes."""
        now = time.monotonic()
        since, former = self._sent.get(message.deduplication_id, (-float("inf"), message))
        if now - since < DEDUPLICATION_SECONDS:
            return former
        self._sent[message.deduplication_id] = (now, message)
        self._add(message, delay)
        return message

    def delete(self, handle: str) -> None:
        """Delete a message by its latest handle, while it is in flight."""
        self._expire()
        message = self._latest(handle)
        is_there = handle.split(".")[1] in self._messages
        if is_there and (message is None or message.id in self._visible):
            raise invalid("ReceiptHandle", "The receipt handle has expired.")
        super().delete(handle)

    def _next_visible(self) -> Iterator[Message]:
        while self._open:
            group = self._groups[self._open.popitem(last=False)[0]]
            if group.in_flight:
                continue
            while group.waiting:
                _, message_id = heappop(group.waiting)
                if message_id in self._visible:
                    del self._visible[message_id]
                    yield self._messages[message_id]

    def _show(self, message: Message) -> None:
        group = self._groups.setdefault(message.group, _Group())
        heappush(group.waiting, (message.sequence, message.id))
        group.in_flight.discard(message.id)
        self._unblock(message.group)
        super()._show(message)

    def _hide(self, message: Message, seconds: float) -> None:
        self._groups.setdefault(message.group, _Group()).in_flight.add(message.id)
        super()._hide(message, seconds)

    def _remove(self, message: Message) -> None:
        super()._remove(message)
        self._groups[message.group].in_flight.discard(message.id)
        self._unblock(message.group)

    def _unblock(self, name: str) -> None:
        group = self._groups[name]
        if group.waiting and not group.in_flight:
            self._open[name] = None
            self._notify()
