"""Messages in our hands: hidden from other receivers until they are deleted or released."""

import time
from collections.abc import Iterable, Mapping
from dataclasses import dataclass
from itertools import takewhile
from threading import Lock

from loader.errors import LoaderError
from loader.sqs import BATCH, LoginQueue, Message

MOST_SECONDS = 43_200 - 600
"""SQS takes a message back 12 hours after it was received, whatever is asked for.
https://docs.aws.amazon.com/AWSSimpleQueueService/latest/SQSDeveloperGuide/sqs-visibility-timeout.html
"""


@dataclass
class _Hold:
    receipt_handle: str
    until: float
    """When SQS shows the message to others, on our clock."""


class Held:
    """The messages we hold, by message id, each with its latest receipt handle.

    Only the latest handle of a message deletes or hides it.
    """

    def __init__(self, queue: LoginQueue) -> None:
        self._queue = queue
        self.visibility_seconds = min(queue.visibility_seconds(), MOST_SECONDS) or 30
        """How long SQS hides a message that we receive or extend."""
        # In order of `until`: what is added or extended goes to the end.
        self._holds: dict[str, _Hold] = {}
        self._lock = Lock()

    def __len__(self) -> int:
        return len(self._holds)

    def add(self, messages: Iterable[Message], received_at: float) -> None:
        """Note what a request received that was sent at `received_at` (time.monotonic)."""
        with self._lock:
            for message in messages:
                self._holds.pop(message.message_id, None)
                self._holds[message.message_id] = _Hold(
                    message.receipt_handle, received_at + self.visibility_seconds
                )

    def handles(self, ids: Iterable[str]) -> dict[str, str]:
        """Return the latest receipt handle of each of `ids` that is held."""
        with self._lock:
            return {i: self._holds[i].receipt_handle for i in ids if i in self._holds}

    def forget(self, handles: Mapping[str, str]) -> None:
        """Drop what is deleted or released, or given up: SQS then shows it again in time.

        What has been received once more meanwhile, with another handle, is still held.
        """
        with self._lock:
            for message_id, handle in handles.items():
                if message_id in self._holds and self._holds[message_id].receipt_handle == handle:
                    del self._holds[message_id]

    def ids(self) -> list[str]:
        """Return the ids of all messages held."""
        with self._lock:
            return list(self._holds)

    def extend(self) -> None:
        """Keep hidden for longer what has used up half its time. Call this often.

        What SQS refuses to extend comes back to somebody, which is harmless.
        """
        half = time.monotonic() + self.visibility_seconds / 2
        with self._lock:
            due = [i for i, _ in takewhile(lambda h: h[1].until <= half, self._holds.items())]
        for start in range(0, len(due), BATCH):
            handles = self.handles(due[start : start + BATCH])
            now = time.monotonic()
            try:
                if handles:
                    self._queue.hide(handles.values(), self.visibility_seconds)
            except LoaderError:
                return
            with self._lock:
                for message_id, handle in handles.items():
                    hold = self._holds.get(message_id)
                    if hold and hold.receipt_handle == handle:
                        del self._holds[message_id]
                        self._holds[message_id] = _Hold(handle, now + self.visibility_seconds)
