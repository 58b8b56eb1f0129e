"""Rounds: receive in parallel, land in one transaction, delete in parallel, and again.

The phases follow each other in one thread. Requests to SQS run on one pool. One timer keeps the
messages of a round hidden while they land, and ends what takes too long after a stop.
"""

import logging
import time
import traceback
from collections.abc import Callable, Iterable, Sequence
from concurrent.futures import Future, ThreadPoolExecutor, wait
from contextlib import suppress
from dataclasses import dataclass
from datetime import datetime, timezone
from functools import partial
from math import ceil
from pathlib import Path
from sys import getsizeof
from threading import Event, Thread
from typing import Any

import psycopg

from loader.database import connect
from loader.errors import ExitCode, LoaderError, TemporaryError
from loader.landing import land
from loader.sqs import BATCH, MOST_REQUESTS, Backlog, Message, Queue
from loader.stop import DELETE_SECONDS, LAND_SECONDS, RECEIVE_SECONDS, STOP_SECONDS, Patience
from loader.summary import Summary

log = logging.getLogger("loader")

FIRST_REQUESTS = 1
"""Of a run. An idle or nearly empty queue costs one request a poll."""

DRAIN_POLL_SECONDS = 1
"""Any long poll asks all servers of SQS, so that "empty" can be believed:
https://docs.aws.amazon.com/AWSSimpleQueueService/latest/SQSDeveloperGuide/sqs-short-and-long-polling.html
"""

FOLLOW_POLL_SECONDS = 5
"""A stop has ten seconds and waits for polls: SQS may hide messages for a poll that is given up.
Longer polls would save an idle loader $0.16 a month."""

ROUND_BYTES = 32 * 1024 * 1024
"""Bodies in a round, as far as the sizes in the last rounds foretell those of the next."""

EMPTY_ANSWERS = 2
"""So many empty answers in a row before the counters of the queue are asked."""

COUNT_SECONDS = 5
"""How often a backlog is counted, for the progress bar and the metrics."""

ATTEMPTS = 5
"""For a delete or a release that SQS refuses in part."""

MOST_HIDDEN_SECONDS = 43_200 - 600
"""SQS takes a message back 12 hours after it was received:
https://docs.aws.amazon.com/AWSSimpleQueueService/latest/SQSDeveloperGuide/sqs-visibility-timeout.html
"""


@dataclass(frozen=True)
class Mode:
    """How a run goes on and ends. `wait_seconds` is for messages that another receiver holds."""

    wait_seconds: float
    follow: bool = False
    max_seconds: float | None = None


@dataclass
class Hold:
    """A message in our hands: hidden from other receivers until it is deleted or released."""

    receipt_handle: str
    until: float
    """When SQS shows it to others (time.monotonic)."""


class Rounds:
    """One run of the loader."""

    def __init__(
        self, postgres: dict[str, str], queue: Queue, mode: Mode, patience: Patience
    ) -> None:
        self._postgres = postgres
        self._queue = queue
        self._mode = mode
        self._patience = patience
        self._stop = patience.stop
        self._pool = ThreadPoolExecutor(MOST_REQUESTS)
        self._connection: psycopg.Connection | None = None
        (visibility,) = patience.retry("SQS", lambda: queue.numbers("VisibilityTimeout"))
        self._hide_seconds = min(visibility, MOST_HIDDEN_SECONDS) or 30
        self._held: dict[str, Hold] = {}
        """By message id. Only the latest receipt handle of a message deletes or hides it."""
        self._undeleted: set[str] = set()
        """Ids of messages that have landed, and whose delete SQS has not confirmed."""
        self._requests = FIRST_REQUESTS
        """Requests of the next round, as the answers of the last one suggest."""
        self._largest_body = 1
        self._empty_answers = 0
        self._counted_at = 0.0
        self._give_up_at: float | None = None
        self._is_drained = False
        self._failure: LoaderError | None = None
        self._ended = Event()
        self._began = time.monotonic()
        self._summary = Summary(failures=patience.failures)

    def run(self, show: Callable[[Summary], None]) -> tuple[Summary, ExitCode]:
        """Run rounds until the queue is drained or the run ends; call `show` after each phase.

        A stop lets a round finish, and releases the rest within 10 seconds. So does an error,
        which is logged: messages that have not landed are still in the queue.
        """
        self._show = show
        timer = Thread(target=self._watch, daemon=True)
        timer.start()
        try:
            while not (self._stop.requested or self._is_drained or self._failure):
                self._round()
        except LoaderError as error:
            self._failure = error
        except Exception as error:
            self._failure = _unforeseen(error)
        self._stop.request("")
        self._ended.set()
        timer.join()
        self._release()
        self._close()
        self._pool.shutdown(wait=False, cancel_futures=True)
        self._show_progress()
        return self._summary, self._exit_code()

    def _round(self) -> None:
        messages = self._patience.retry("SQS", self._receive)
        self._show_progress()
        if not messages:
            self._end_if_drained()
            return
        self._give_up_at = None
        # Nothing is received while Postgres is away, and what is held stays hidden: received
        # again and again, healthy messages would end up in the dead-letter queue.
        self._patience.retry("Postgres", lambda: self._land(messages))
        self._show_progress()
        self._delete({message.message_id for message in messages})
        self._show_progress()

    # Receive

    def _receive(self) -> list[Message]:
        """Make the requests of a round and return what they bring.

        A request that fails has no say while others bring messages. If none does, raises its error.
        """
        if self._stop.requested:
            return []
        most_messages = max(1, ROUND_BYTES // self._largest_body)
        most = min(BATCH, most_messages)
        number = min(self._requests, MOST_REQUESTS, most_messages // most)
        poll = FOLLOW_POLL_SECONDS if self._mode.follow and number == 1 else DRAIN_POLL_SECONDS
        began = time.monotonic()
        counted = self._count_backlog()
        requests = [
            self._pool.submit(self._queue.receive, poll, most, self._hide_seconds)
            for _ in range(number)
        ]
        messages: list[Message] = []
        errors: list[LoaderError] = []
        for request in self._finished(requests, RECEIVE_SECONDS):
            try:
                answer = request.result()
            except LoaderError as error:
                errors.append(error)
                continue
            self._empty_answers = 0 if answer else self._empty_answers + 1
            messages += answer
        if counted and counted.done() and not counted.exception():
            self._summary.backlog = counted.result().waiting
        self._plan_next(messages)
        messages = self._whole(messages)
        until = began + self._hide_seconds
        self._held |= {m.message_id: Hold(m.receipt_handle, until) for m in messages}
        lasting = next((e for e in errors if not isinstance(e, TemporaryError)), None)
        if messages:
            self._failure = lasting  # after this round
            for failed in errors:
                if isinstance(failed, TemporaryError):
                    self._patience.count(failed.kind)
        elif errors:
            raise lasting or errors[0]
        return messages

    def _plan_next(self, messages: Sequence[Message]) -> None:
        """Make twice as many requests as the messages would have filled, and one if there is none.

        Full answers so double the requests, and answers that are half full keep their number.
        """
        self._requests = max(1, ceil(2 * len(messages) / BATCH))
        sizes = (getsizeof(message.body) for message in messages)
        self._largest_body = max(self._largest_body // 2, 1, *sizes)
        self._summary.backlog = max(0, self._summary.backlog - len(messages)) if messages else 0

    def _whole(self, messages: Sequence[Message]) -> list[Message]:
        whole = [message for message in messages if message.is_whole]
        if damaged := len(messages) - len(whole):
            self._patience.count("damaged", damaged)
            log.warning(
                "%d messages came damaged (MD5OfBody does not match): left in the queue", damaged
            )
        return whole

    def _count_backlog(self) -> "Future[Backlog] | None":
        if self._empty_answers or time.monotonic() - self._counted_at < COUNT_SECONDS:
            return None
        self._counted_at = time.monotonic()
        return self._pool.submit(self._queue.backlog)

    def _end_if_drained(self) -> None:
        """End the run if the queue is empty, as it said twice and its counters confirm.

        Messages that another receiver holds are waited for.
        """
        if self._mode.follow or self._stop.requested or self._empty_answers < EMPTY_ANSWERS:
            return
        backlog = self._patience.retry("SQS", self._queue.backlog)
        if backlog == Backlog(0, 0):
            self._is_drained = True
            return
        now = time.monotonic()
        held = (
            f"the queue still counts {backlog.waiting} messages waiting "
            f"and {backlog.in_flight} held by another receiver"
        )
        if self._give_up_at is None:
            self._give_up_at = now + self._mode.wait_seconds
            log.info("%s: waiting up to %gs for them", held, self._mode.wait_seconds)
        if now >= self._give_up_at:
            log.warning("%s: run again later", held)
            self._stop.request("")

    # Land

    def _land(self, messages: Sequence[Message]) -> None:
        if self._stop.overdue(LAND_SECONDS):
            raise LoaderError(ExitCode.RETRYABLE, "Postgres is too slow for the stop: run again")
        began = time.monotonic()
        try:
            self._connection = self._connection or connect(self._postgres)
            receipt = land(self._connection, messages)
        except LoaderError:
            self._close()
            raise
        self._summary.add(receipt, time.monotonic() - began)
        if sent_at := min((m.sent_at for m in messages if m.sent_at), default=None):
            self._summary.oldest_age_seconds = (
                datetime.now(timezone.utc) - sent_at
            ).total_seconds()

    def _close(self) -> None:
        if self._connection:
            self._connection.close()
        self._connection = None

    # Delete

    def _delete(self, ids: set[str]) -> None:
        """Delete messages that have landed. What SQS refuses in part is tried again in this round.

        What remains is given up: SQS shows it again, with a receipt handle that may be better.
        """
        self._undeleted |= ids
        for attempt in range(ATTEMPTS):
            self._stop.sleep(0.1 * 2**attempt if attempt else 0)
            left = [message_id for message_id in ids if message_id in self._held]
            if not left or self._stop.overdue(DELETE_SECONDS):
                return
            deleted, failure = self._in_tens(left, self._delete_ten, DELETE_SECONDS)
            self._undeleted -= deleted
            self._summary.deleted += len(deleted)
            if failure:
                raise failure
            if len(deleted) < len(left):
                self._patience.count("delete", len(left) - len(deleted))
        for message_id in ids & self._undeleted:
            self._held.pop(message_id, None)

    def _delete_ten(self, handles: dict[str, str]) -> set[str]:
        try:
            return self._patience.retry("SQS", lambda: self._queue.delete(handles))
        except TemporaryError as error:
            raise LoaderError(ExitCode.NOT_DELETED, str(error)) from None

    def _release(self) -> None:
        """Show messages that are still held to other receivers at once."""
        for _ in range(ATTEMPTS):
            if not self._held or self._stop.overdue(STOP_SECONDS):
                break
            self._in_tens(list(self._held), partial(self._queue.hide, seconds=0), STOP_SECONDS)
        if held := len(self._held):
            log.warning("%d messages are not released: they come back by themselves", held)

    def _in_tens(
        self, ids: Sequence[str], request: Callable[[dict[str, str]], set[str]], seconds: float
    ) -> tuple[set[str], LoaderError | None]:
        """Call `request` with the receipt handles of ten messages at a time, in parallel.

        Returns the ids that SQS confirms, which are then no longer held, and an error if there was
        one. Waits for all requests, but not longer than `seconds` after a stop.
        """
        requests = [
            self._pool.submit(request, {i: self._held[i].receipt_handle for i in ten})
            for ten in _tens(ids)
        ]
        confirmed: set[str] = set()
        failure: LoaderError | None = None
        for done in self._finished(requests, seconds):
            try:
                confirmed |= done.result()
            except LoaderError as error:
                failure = error
        for message_id in confirmed:
            del self._held[message_id]
        return confirmed, failure

    def _finished(self, requests: Iterable[Future[Any]], seconds: float) -> set[Future[Any]]:
        """Wait for requests, and no longer than `seconds` after a stop; return those that ended."""
        finished: set[Future[Any]] = set()
        pending = set(requests)
        while pending and not self._stop.overdue(seconds):
            done, pending = wait(pending, timeout=0.2)
            finished |= done
        return finished

    # The timer

    def _watch(self) -> None:
        extending: list[Future[None]] = []
        while not self._ended.wait(min(0.2, self._hide_seconds / 10)):
            if self._mode.max_seconds is not None and self._seconds > self._mode.max_seconds:
                self._stop.request("--max-seconds are over")
            if self._stop.overdue(LAND_SECONDS) and (connection := self._connection):
                with suppress(psycopg.Error):
                    connection.cancel_safe(timeout=1)
            if all(request.done() for request in extending):
                half = time.monotonic() + self._hide_seconds / 2
                due = [i for i, hold in self._held.copy().items() if hold.until <= half]
                extending = [self._pool.submit(self._extend, ten) for ten in _tens(due)]
        wait(extending, timeout=1)  # or one of them would hide again what is released

    def _extend(self, ids: Sequence[str]) -> None:
        """Hide messages for longer. What SQS refuses to hide stays due."""
        holds = {i: hold for i in ids if (hold := self._held.get(i))}
        until = time.monotonic() + self._hide_seconds
        with suppress(LoaderError):
            handles = {i: hold.receipt_handle for i, hold in holds.items()}
            for message_id in self._queue.hide(handles, self._hide_seconds) if handles else ():
                holds[message_id].until = until

    # The end

    @property
    def _seconds(self) -> float:
        return time.monotonic() - self._began

    def _show_progress(self) -> None:
        self._summary.requests = self._queue.requests
        self._summary.seconds = self._seconds
        self._summary.in_flight = len(self._held)
        self._show(self._summary)

    def _exit_code(self) -> ExitCode:
        left = len(self._undeleted)
        if left and not self._is_drained:
            log.warning("%d messages have landed but are not deleted: a rerun deletes them", left)
        if self._failure:
            log.error("%s", self._failure)
            return self._failure.exit_code
        if self._is_drained:
            return ExitCode.OK
        if self._stop.reason:
            log.warning("%s, ended in good order: run again for the rest", self._stop.reason)
        return ExitCode.NOT_DELETED if left else ExitCode.RETRYABLE


def _tens(ids: Sequence[str]) -> list[Sequence[str]]:
    return [ids[first : first + BATCH] for first in range(0, len(ids), BATCH)]


def _unforeseen(error: Exception) -> LoaderError:
    # Without its text, which may quote a message.
    place = traceback.extract_tb(error.__traceback__)[-1]
    return LoaderError(
        ExitCode.RETRYABLE,
        f"{type(error).__name__} at {Path(place.filename).name}:{place.lineno}: run again, "
        "and report it",
    )
