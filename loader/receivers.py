"""Receive in parallel: as many requests at once as hide the network, and no more."""

import time
from collections.abc import Callable
from math import ceil, inf
from sys import getsizeof
from threading import Event, Lock

from loader.held import Held
from loader.inbox import Inbox
from loader.sqs import BATCH, LoginQueue, Message
from loader.stop import Stop
from loader.workers import start

MOST_RECEIVERS = 16
"""Also because only their first answers show how large bodies are: ten of 1 MiB each, at worst."""

SLACK = 1.5
"""Receivers do wait for each other. Still more threads cost more in switching than they gain."""

ANSWER_BYTES = 4 * 1024 * 1024
"""Ask for fewer than ten messages where ten are more than this: an answer is in memory several
times. It costs nothing, SQS charges by 64 KiB (https://aws.amazon.com/sqs/pricing/)."""

ANSWERS_BYTES = 3 * ANSWER_BYTES
"""All answers under way together."""


class Receivers:
    """Threads that move messages from the queue to the inbox until the run is to end.

    How many follows from what is measured. Of a call's `seconds` its thread computes
    `cpu_seconds`, a process computes on one core, and half of its calls delete: so
    seconds / (2 * cpu_seconds) receivers would keep the core busy if none ever waited for another.
    A backlog of fewer tens, or large bodies, need fewer.
    """

    def __init__(
        self,
        queue: LoginQueue,
        inbox: Inbox,
        held: Held,
        stop: Stop,
        fixed: int | None,
    ) -> None:
        self._queue = queue
        self._inbox = inbox
        self._held = held
        self._stop = stop
        self._fixed = fixed
        self._lock = Lock()
        self._working = 0
        self._seconds = inf
        self._cpu_seconds = 0.0
        self._largest = 1
        self.left = 0
        """Messages that still wait in the queue, as it counted and we received since."""
        self.polling = 0
        """Requests under way."""
        self.empty_answers = 0
        """Answers without a message since the last one with any."""
        self.may_receive = Event()
        """Cleared while nothing can land."""
        self.may_receive.set()

    def start(
        self,
        poll_seconds: int,
        is_over: Callable[[], bool],
        failed: Callable[[BaseException], None],
    ) -> None:
        """Start the first receiver; it starts the others as they are wanted.

        `is_over` is asked after every empty answer, `failed` is given what ends a receiver.
        """
        self._poll_seconds = poll_seconds
        self._is_over = is_over
        self._failed = failed
        with self._lock:
            self._start_wanted()

    @property
    def have_ended(self) -> bool:
        """Whether no further message can come."""
        return self._working == 0

    @property
    def at_once(self) -> int:
        """How many requests hide the network; as many again may delete."""
        if self._fixed or not self._cpu_seconds:
            return self._fixed or 1
        fill_core = self._seconds / (2 * self._cpu_seconds)
        return max(1, min(round(SLACK * fill_core), MOST_RECEIVERS))

    def _wanted(self) -> int:
        if self.left <= 0:
            return 1 if self.empty_answers else 2  # who is to say twice that it is empty
        by_bytes = max(1, ANSWERS_BYTES // min(BATCH * self._largest, ANSWER_BYTES))
        return min(self.at_once, by_bytes, ceil(self.left / BATCH))

    def _start_wanted(self) -> None:
        while self._working < self._wanted():
            self._working += 1
            start(self._receive, self._failed)

    def _receive(self) -> None:
        try:
            while self._is_wanted():
                if not self.may_receive.wait(0.1):
                    continue
                if messages := self._receive_once():
                    self._inbox.put(messages)
                elif self._is_over():
                    self._stop.request("")
        except BaseException as error:
            self._failed(error)
            with self._lock:
                self._working -= 1

    def _is_wanted(self) -> bool:
        with self._lock:
            is_wanted = not self._stop.requested and self._working <= self._wanted()
            self._working -= not is_wanted
        return is_wanted

    def _receive_once(self) -> list[Message]:
        with self._lock:
            self.polling += 1
            most = max(1, min(BATCH, ANSWER_BYTES // self._largest))
        began, cpu_began = time.monotonic(), time.thread_time()
        try:
            messages = self._queue.receive(self._poll_seconds, most, self._held.visibility_seconds)
            self._held.add(messages, began)
        finally:
            with self._lock:
                self.polling -= 1
        cpu_seconds = time.thread_time() - cpu_began
        with self._lock:
            if messages:
                self.empty_answers = 0
                self.left -= len(messages)
                self._seconds = min(time.monotonic() - began, self._seconds)
                self._cpu_seconds = (7 * (self._cpu_seconds or cpu_seconds) + cpu_seconds) / 8
                self._largest = max(self._largest, *(getsizeof(m.body) for m in messages))
                self._start_wanted()
            else:
                self.empty_answers += 1
                self.left = 0
        return messages
