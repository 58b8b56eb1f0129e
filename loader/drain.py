"""The flow: receivers → inbox → lander → deletions, until the queue is empty or told to stop."""

import logging
import time
import traceback
from collections.abc import Callable
from contextlib import suppress
from dataclasses import dataclass
from functools import partial
from pathlib import Path

from loader.deletions import Deletions
from loader.errors import ExitCode, LoaderError
from loader.held import Held
from loader.inbox import Inbox
from loader.lander import Lander
from loader.receivers import Receivers
from loader.settings import Settings
from loader.sqs import BATCH, Backlog, LoginQueue
from loader.stop import DELETE_SECONDS, LAND_SECONDS, Patience
from loader.summary import Summary
from loader.workers import Workers, start

log = logging.getLogger(__name__)

DRAIN_POLL_SECONDS = 1
"""Any long poll asks all servers of SQS, so that "empty" can be believed."""

FOLLOW_POLL_SECONDS = 5
"""A stop has ten seconds and waits for polls, as SQS may hide messages for one that is given up.
Longer polls would save an idle loader $0.16 a month."""

EMPTY_ANSWERS = 2

COUNT_SECONDS = 5

KEEPERS = 8
"""Requests at once that keep messages hidden."""


@dataclass(frozen=True)
class Mode:
    """How a run goes on and ends. `wait_seconds` is for messages that another receiver holds."""

    wait_seconds: float
    follow: bool = False
    max_seconds: float | None = None
    receivers: int | None = None


class Run:
    """One run of the loader, in one process."""

    def __init__(
        self, settings: Settings, queue: LoginQueue, mode: Mode, patience: Patience
    ) -> None:
        self._queue = queue
        self._mode = mode
        self._patience = patience
        self._stop = patience.stop
        self._began = time.monotonic()
        self._inbox = Inbox()
        self._held = Held(queue)
        self._receivers = Receivers(queue, self._inbox, self._held, self._stop, mode.receivers)
        self._lander = Lander(settings, self._receivers, patience)
        self._deletions = Deletions(
            queue, self._held, patience, lambda: self._receivers.at_once, self._fail
        )
        self._give_up: float | None = None
        self._is_drained = False
        self._failure: LoaderError | None = None

    def until_over(self, show: Callable[[Summary], None]) -> tuple[Summary, ExitCode]:
        """Land and delete until the run is over; call `show` several times a second meanwhile.

        A stop lets what is in hand land, deletes that, and releases the rest, within 10 seconds.
        An error does the same, and is logged: whatever has not landed is still in the queue.
        """
        self._receivers.start(
            FOLLOW_POLL_SECONDS if self._mode.follow else DRAIN_POLL_SECONDS,
            self._is_over,
            self._fail,
        )
        start(self._keep_hidden, self._fail)
        start(self._keep_counting, self._fail)
        lander = start(self._land_all, self._fail)
        while lander.is_alive() and not self._stop.overdue(DELETE_SECONDS):
            lander.join(0.2)
            if self._mode.max_seconds is not None and self._seconds > self._mode.max_seconds:
                self._stop.request("--max-seconds are over")
            if self._stop.overdue(LAND_SECONDS):
                self._lander.cancel()
            show(self._summary())
        self._inbox.close()
        while not (self._receivers.have_ended or self._stop.overdue(DELETE_SECONDS)):
            time.sleep(0.05)  # what a poll still brings is to be released, too
        self._deletions.finish()
        summary = self._summary()
        show(summary)
        return summary, self._exit_code()

    def _land_all(self) -> None:
        while not self._failure and not (self._receivers.have_ended and len(self._inbox) == 0):
            if chunk := self._inbox.take():
                self._give_up = None
                self._lander.land(chunk)
                self._deletions.add(list(dict.fromkeys(message.message_id for message in chunk)))
            else:
                self._deletions.flush()
        self._deletions.flush()
        self._lander.close()

    def _is_over(self) -> bool:
        """Whether the queue is empty, as it said twice and its counters confirm, or given up."""
        if self._mode.follow or self._receivers.empty_answers < EMPTY_ANSWERS:
            return False
        if self._receivers.polling or len(self._held):
            return False
        backlog = self._queue.backlog()
        if backlog == Backlog(0, 0):
            self._is_drained = True
            return True
        now = time.monotonic()
        held = (
            f"the queue still counts {backlog.waiting} messages waiting "
            f"and {backlog.in_flight} held by another receiver"
        )
        if self._give_up is None:
            self._give_up = now + self._mode.wait_seconds
            log.info("%s: waiting up to %gs for them", held, self._mode.wait_seconds)
        if now < self._give_up:
            return False
        log.warning("%s: run again later", held)
        return True

    def _keep_hidden(self) -> None:
        keepers = Workers(lambda: KEEPERS, self._fail)
        while True:
            time.sleep(self._held.visibility_seconds / 10)
            due = self._held.due()
            for first in range(0, len(due), BATCH):
                keepers.submit(partial(self._held.extend, due[first : first + BATCH]))
            keepers.wait(self._held.visibility_seconds / 4)

    def _keep_counting(self) -> None:
        while not self._stop.requested:
            if not self._receivers.empty_answers:
                with suppress(LoaderError):  # the receivers meet it, too
                    self._receivers.left = self._queue.backlog().waiting
            self._stop.sleep(COUNT_SECONDS)

    def _fail(self, error: BaseException) -> None:
        if not isinstance(error, LoaderError):
            # Never what it says, which may quote a message.
            place = traceback.extract_tb(error.__traceback__)[-1]
            error = LoaderError(
                ExitCode.RETRYABLE,
                f"{type(error).__name__} at {Path(place.filename).name}:{place.lineno}: run again, "
                "and report it",
            )
        self._failure = self._failure or error
        self._stop.request("")

    @property
    def _seconds(self) -> float:
        return time.monotonic() - self._began

    def _summary(self) -> Summary:
        return Summary(
            receipt=self._lander.receipt,
            deleted=self._deletions.deleted,
            requests=self._queue.requests,
            seconds=self._seconds,
            failures=self._patience.failures.copy(),
            chunks=self._lander.chunks,
            chunk_seconds=self._lander.seconds,
            oldest_age_seconds=self._lander.oldest_age_seconds,
            in_flight=len(self._held),
            backlog=max(0, self._receivers.left),
        )

    def _exit_code(self) -> ExitCode:
        left = len(self._deletions.undeleted)
        if left and not self._is_drained:
            log.warning("%d messages have landed but are not deleted: a rerun deletes them", left)
        if self._failure:
            log.error("%s", self._failure)
            return self._failure.exit_code
        if self._is_drained:
            return ExitCode.DRAINED
        if self._stop.reason:
            log.warning("%s, ended in good order: run again for the rest", self._stop.reason)
        return ExitCode.NOT_DELETED if left else ExitCode.RETRYABLE
