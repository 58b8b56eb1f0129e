"""Messages between the receivers and the lander: bounded, and taken out in chunks."""

import time
from collections import deque
from collections.abc import Sequence
from threading import Condition

from loader.sqs import Message

CHUNK_MESSAGES = 500
"""Arrays of more than a hundred rows gain nothing further; commits and receipts grow rarer."""

CHUNK_BYTES = 4 * 1024 * 1024
"""A chunk is copied several times on its way into a statement."""

CHUNK_SECONDS = 1.0
"""The longest that a message waits for others to land with."""

LINGER_SECONDS = 0.1
"""If no other comes for this long, it does not wait. FIFO groups stand still meanwhile."""


class Inbox:
    """Received messages that have not landed. Holds two chunks, so that memory has a bound."""

    def __init__(self) -> None:
        self._messages: deque[Message] = deque()
        self._bytes = 0
        self._is_closed = False
        self._changed = Condition()

    def __len__(self) -> int:
        return len(self._messages)

    def put(self, messages: Sequence[Message]) -> None:
        """Add what one request received, once there is room."""
        with self._changed:
            self._changed.wait_for(
                lambda: (
                    self._is_closed
                    or (len(self._messages) < 2 * CHUNK_MESSAGES and self._bytes < 2 * CHUNK_BYTES)
                )
            )
            self._messages.extend(messages)
            self._bytes += sum(len(message.body) for message in messages)
            self._changed.notify_all()

    def take(self) -> list[Message]:
        """Take a chunk: a full one, or what is there after a while; nothing after 0.1 s without."""
        until = time.monotonic() + CHUNK_SECONDS
        with self._changed:
            while not self._is_full() and (left := until - time.monotonic()) > 0:
                if not self._changed.wait(min(left, LINGER_SECONDS)):
                    break
            chunk: list[Message] = []
            size = 0
            while self._messages and len(chunk) < CHUNK_MESSAGES and size < CHUNK_BYTES:
                chunk.append(self._messages.popleft())
                size += len(chunk[-1].body)
            self._bytes -= size
            self._changed.notify_all()
        return chunk

    def close(self) -> None:
        """Let nobody wait any more: what is put now stays here."""
        with self._changed:
            self._is_closed = True
            self._changed.notify_all()

    def _is_full(self) -> bool:
        return len(self._messages) >= CHUNK_MESSAGES or self._bytes >= CHUNK_BYTES
