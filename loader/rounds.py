"""Rounds: receive in parallel, land in one transaction, delete in parallel, and again.

The phases follow each other in one thread. Requests to SQS run on one pool. One timer hides the
messages of a round for longer where landing takes long, and ends a statement that outlasts a stop.
"""

import time
import traceback
from collections.abc import Callable, Iterable, Sequence
from concurrent.futures import Future, ThreadPoolExecutor, wait
from contextlib import suppress
from functools import partial
from math import ceil, inf
from sys import getsizeof
from threading import Event, Thread
from typing import Any

import psycopg

from common.database import CONNECT_SECONDS, connect
from common.errors import ExitCode, LoaderError, TemporaryError
from loader import log
from loader.landing import land
from loader.metrics import Summary
from loader.sqs import BATCH, MOST_REQUESTS, Handles, Message, Queue
from loader.stop import DELETE_SECONDS, LAND_SECONDS, RECEIVE_SECONDS, STOP_SECONDS, Patience

FIRST_REQUESTS = 1  # of a run: an idle or nearly empty queue costs one request a poll
ROUND_BYTES = 32 * 1024 * 1024  # of bodies, if they are no larger than in the rounds before
POLL_SECONDS = 1
IDLE_POLL_SECONDS = 5  # with --follow; a stop waits for it, or its messages would stay hidden
LINGER_SECONDS = 0.5  # with --follow, after few messages: the next request then brings more
EMPTY_POLLS = 2  # in a row, before the counters of the queue are asked
ATTEMPTS = 5  # for a delete or a release that SQS refuses in part
COUNT_SECONDS = 5  # between two counts of the backlog, for the progress bar and the metrics
# SQS takes a message back 12 hours after it was received:
# https://docs.aws.amazon.com/AWSSimpleQueueService/latest/SQSDeveloperGuide/sqs-visibility-timeout.html
MOST_HIDDEN_SECONDS = 43_200 - 600


class Rounds:
    """One run of the loader: until the queue is drained or, with `follow`, until a stop.

    `patience` also bounds the wait for other receivers.
    """

    def __init__(
        self, postgres: dict[str, str], queue: Queue, patience: Patience, follow: bool
    ) -> None:
        self._postgres, self._queue, self._follow = postgres, queue, follow
        self._patience, self._stop = patience, patience.stop
        self._pool = ThreadPoolExecutor(MOST_REQUESTS)
        self._connection: psycopg.Connection | None = None
        attributes = patience.retry("SQS", lambda: queue.attributes("VisibilityTimeout"))
        self._hide_seconds = min(attributes["VisibilityTimeout"], MOST_HIDDEN_SECONDS) or 30
        self._held: Handles = {}  # only the latest handle of a message deletes or hides it
        self._extend_at = inf  # when the held messages have to be hidden for longer
        # Ids of messages that have landed, and whose delete SQS has not confirmed.
        self._undeleted: set[str] = set()
        self._requests, self._largest_body, self._empty_polls = FIRST_REQUESTS, 1, 0
        self._give_up_at: float | None = None
        self._is_drained = self._landing = self._is_cancelled = False
        self._failure: LoaderError | None = None
        self._ended = Event()
        self._began = time.monotonic()
        self._summary = Summary(patience.failures)

    def run(self, show: Callable[[Summary], None]) -> tuple[Summary, ExitCode]:
        """Run rounds to the end and call `show` after each phase.

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
        except Exception as error:  # without its text, which may quote a message
            place = traceback.extract_tb(error.__traceback__)[-1]
            failed = f"{type(error).__name__} at {place.name}:{place.lineno}: report it, run again"
            self._failure = LoaderError(ExitCode.RETRYABLE, failed)
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
        if messages:
            # Nothing is received while Postgres is away, and what is held stays hidden: received
            # again and again, healthy messages would end up in the dead-letter queue.
            self._patience.retry("Postgres", lambda: self._land(messages))
            self._show_progress()
            self._delete({message.message_id for message in messages})
            self._show_progress()
            if self._follow and len(messages) < BATCH:
                self._stop.sleep(LINGER_SECONDS)
        elif self._empty_polls >= EMPTY_POLLS and not (self._follow or self._stop.requested):
            self._end_if_drained()

    def _receive(self) -> list[Message]:
        """Make the requests of a round and return the messages of all answers.

        A request that fails counts only if none brings a message: then its error is raised.
        """
        if self._stop.requested:
            return []
        most = min(MOST_REQUESTS, ROUND_BYTES // (BATCH * self._largest_body))
        number = max(1, min(self._requests, most))
        # Of many requests none waits for a message: the others would wait with it.
        poll = 0 if number > 1 else IDLE_POLL_SECONDS if self._follow else POLL_SECONDS
        self._extend_at = time.monotonic() + self._hide_seconds / 2
        requests = [self._pool.submit(self._receive_ten, poll) for _ in range(number)]
        answers, errors = self._results(requests, RECEIVE_SECONDS)
        messages = [message for answer in answers for message in answer]
        # Only a long poll asks all servers of SQS, so that "empty" can be believed:
        # https://docs.aws.amazon.com/AWSSimpleQueueService/latest/SQSDeveloperGuide/sqs-short-and-long-polling.html
        self._empty_polls = 0 if messages else self._empty_polls + (poll > 0 and not errors)
        self._summary.backlog = max(0, self._summary.backlog - len(messages))
        # Four times as many as these messages would fill: full answers multiply the requests, and
        # after empty ones a single request waits for the next message.
        self._requests = ceil(4 * len(messages) / BATCH)
        # Halved, so that one large body does not slow the loader down for ever.
        self._largest_body = max(self._largest_body // 2, 1, *(getsizeof(m.body) for m in messages))
        if errors and not messages:
            raise errors[0]
        if errors and not isinstance(errors[0], TemporaryError):
            self._failure = errors[0]  # ends the run, after this round
        return messages

    def _receive_ten(self, poll_seconds: int) -> list[Message]:
        messages = self._queue.receive(poll_seconds, self._hide_seconds)
        self._held |= {m.message_id: m.receipt_handle for m in messages}
        return messages

    def _end_if_drained(self) -> None:
        """End the run if the counters, too, say that the queue is empty.

        Messages that other receivers hold are waited for: they may come back.
        """
        backlog = self._patience.retry("SQS", self._queue.backlog)
        if backlog == (0, 0):
            self._is_drained = True
            return
        held = (
            f"the queue still counts {backlog[0]} messages waiting "
            f"and {backlog[1]} held by another receiver"
        )
        if self._give_up_at is None:
            self._give_up_at = time.monotonic() + self._patience.seconds
            log.info("%s: waiting up to %gs for them", held, self._patience.seconds)
        if time.monotonic() >= self._give_up_at:
            log.warning("%s: run again later", held)
            self._stop.request("")

    def _land(self, messages: Sequence[Message]) -> None:
        to_connect = 0 if self._connection else CONNECT_SECONDS
        if self._stop.overdue(LAND_SECONDS - to_connect):
            raise LoaderError(ExitCode.RETRYABLE, "Postgres is too slow for the stop: run again")
        began = time.monotonic()
        try:
            self._connection = self._connection or connect(self._postgres)
            self._landing = True
            receipt = land(self._connection, messages)
            # A cancelled COMMIT counts as done before a synchronous standby has it:
            # https://www.postgresql.org/docs/current/warm-standby.html#SYNCHRONOUS-REPLICATION
            if self._is_cancelled:
                raise LoaderError(ExitCode.RETRYABLE, "Postgres was too slow for the stop")
        except LoaderError:
            self._close()
            raise
        finally:
            self._landing = False
        sent_at = min((m.sent_at for m in messages if m.sent_at), default=None)
        self._summary.add(receipt, time.monotonic() - began, sent_at)

    def _delete(self, ids: set[str]) -> None:
        """Delete messages that have landed. What SQS refuses in part is tried again in this round.

        What remains is no longer held: SQS delivers it again, with a new receipt handle.
        """
        self._undeleted |= ids
        for attempt in range(ATTEMPTS):
            self._stop.sleep(0.1 * 2**attempt if attempt else 0)
            try:
                refused = self._patience.retry("SQS", lambda: self._delete_once(ids))
            except TemporaryError as error:
                raise LoaderError(ExitCode.NOT_DELETED, str(error)) from None
            if not refused or self._stop.overdue(DELETE_SECONDS):
                return
            self._patience.failures["delete"] += refused
        self._let_go(ids)

    def _delete_once(self, ids: set[str]) -> int:
        left = {i: self._held[i] for i in ids if i in self._held}
        deleted, errors = self._in_tens(left, self._queue.delete, DELETE_SECONDS)
        self._let_go(deleted)
        self._undeleted -= deleted
        self._summary.counts["deleted"] += len(deleted)
        if deleted:
            self._give_up_at = None
        if errors:
            raise errors[0]
        return len(left) - len(deleted)

    def _release(self) -> None:
        """Show the messages that are still held to other receivers at once."""
        release = partial(self._queue.hide, seconds=0)
        for _ in range(ATTEMPTS):
            if self._held and not self._stop.overdue(STOP_SECONDS):
                self._let_go(self._in_tens(self._held.copy(), release, STOP_SECONDS)[0])
                time.sleep(0.1 if self._held else 0)
        if held := len(self._held):
            log.warning("%d messages are not released: they come back by themselves", held)

    def _let_go(self, ids: Iterable[str]) -> None:
        for message_id in ids:
            self._held.pop(message_id, None)

    def _in_tens(
        self, handles: Handles, request: Callable[[Handles], set[str]], seconds: float
    ) -> tuple[set[str], list[LoaderError]]:
        """Make a request for each ten messages; return the ids that SQS confirms, and the errors.

        Waits no longer than `seconds` after a stop.
        """
        entries = list(handles.items())
        tens = [dict(entries[first : first + BATCH]) for first in range(0, len(entries), BATCH)]
        answers, errors = self._results([self._pool.submit(request, ten) for ten in tens], seconds)
        return set().union(*answers), errors

    def _results(
        self, requests: Sequence[Future[Any]], seconds: float
    ) -> tuple[list[Any], list[LoaderError]]:
        """Wait for requests, but not longer than `seconds` after a stop.

        Returns their results and their errors, of which those that may pass come last.
        """
        ended, pending = wait(requests, timeout=0.2)
        while pending and not self._stop.overdue(seconds):
            ended, pending = wait(requests, timeout=0.2)
        for request in pending:
            request.cancel()  # if it has not begun
        results: list[Any] = []
        errors: list[LoaderError] = []
        for request in ended:
            try:
                results.append(request.result())
            except LoaderError as error:
                errors.append(error)
        return results, sorted(errors, key=lambda error: isinstance(error, TemporaryError))

    def _watch(self) -> None:
        """The timer, until the run ends."""
        counted_at = 0.0
        while not self._ended.wait(min(0.2, self._hide_seconds / 10)):
            now, connection = time.monotonic(), self._connection
            if not self._stop.overdue(LAND_SECONDS):
                if self._held and now > self._extend_at:
                    self._extend()
            elif self._landing and connection:
                self._is_cancelled = True
                with suppress(psycopg.Error):
                    connection.cancel_safe(timeout=1)
            if not self._empty_polls and now - counted_at > COUNT_SECONDS:
                counted_at = now
                self._pool.submit(self._count_backlog)

    def _extend(self) -> None:
        """Hide the held messages for longer. If SQS refuses one, all of them are soon due again."""
        now, held = time.monotonic(), self._held.copy()
        hide = partial(self._queue.hide, seconds=self._hide_seconds)
        hidden, _ = self._in_tens(held, hide, LAND_SECONDS)
        self._extend_at = now + self._hide_seconds / (2 if len(hidden) == len(held) else 10)

    def _count_backlog(self) -> None:
        with suppress(LoaderError):  # the next request meets it, too
            self._summary.backlog = self._queue.backlog()[0]

    def _close(self) -> None:
        if self._connection:
            self._connection.close()
        self._connection = None

    def _show_progress(self) -> None:
        self._summary.counts["requests"] = self._queue.requests
        self._summary.failures["damaged"] = self._queue.damaged
        self._summary.seconds = time.monotonic() - self._began
        self._summary.in_flight = len(self._held)
        if self._empty_polls:
            self._summary.backlog = 0
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
