"""Messages in our hands: hidden from other receivers until they are deleted or released."""

import time
from collections.abc import Iterable, Mapping
from contextlib import suppress
from dataclasses import dataclass
from itertools import takewhile
from threading import Lock

from loader.errors import LoaderError
from loader.sqs import LoginQueue, Message

MOST_SECONDS = 43_200 - 600
"""SQS takes a message back 12 hours after it was received, whatever is asked for.
https://docs.aws.amazon.com/AWSSimpleQueueService/latest/SQSDeveloperGuide/sqs-visibility-timeout.html
"""


RELEASE_ATTEMPTS = 3


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

    def due(self) -> list[str]:
        """Return the ids of what has used up half of its time, or more."""
        half = time.monotonic() + self.visibility_seconds / 2
        with self._lock:
            return [i for i, _ in takewhile(lambda h: h[1].until <= half, self._holds.items())]

    def extend(self, ids: Iterable[str]) -> None:
        """Keep up to ten messages hidden for longer.

        What SQS refuses to extend stays due, and at worst comes back to somebody.
        """
        handles = self.handles(ids)
        until = time.monotonic() + self.visibility_seconds
        with suppress(LoaderError):
            extended = self._queue.hide(handles, self.visibility_seconds) if handles else set()
            with self._lock:
                for message_id in extended & self._holds.keys():
                    if self._holds[message_id].receipt_handle == handles[message_id]:
                        del self._holds[message_id]
                        self._holds[message_id] = _Hold(handles[message_id], until)

    def release(self, ids: Iterable[str]) -> None:
        """Make up to ten messages visible at once, for whoever comes next."""
        handles = self.handles(ids)
        with suppress(LoaderError):
            for _ in range(RELEASE_ATTEMPTS):
                released = self._queue.hide(handles, 0) if handles else set()
                self.forget({message_id: handles[message_id] for message_id in released})
                handles = {i: handle for i, handle in handles.items() if i not in released}
