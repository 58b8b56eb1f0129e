"""Delete what has landed, in parallel and in tens; release what has not."""

import logging
import time
from collections.abc import Callable, Collection
from functools import partial
from threading import Lock

from loader.errors import ExitCode, LoaderError, TemporaryError
from loader.held import Held
from loader.sqs import BATCH, LoginQueue
from loader.stop import DELETE_SECONDS, STOP_SECONDS, Patience
from loader.workers import Workers

log = logging.getLogger(__name__)

ATTEMPTS = 5

RELEASERS = 16

MOST_WAITING = 100
"""Requests that may wait before landing waits for them."""


class Deletions:
    """Messages on their way out of our hands."""

    def __init__(
        self,
        queue: LoginQueue,
        held: Held,
        patience: Patience,
        at_once: Callable[[], int],
        failed: Callable[[BaseException], None],
    ) -> None:
        self._queue = queue
        self._held = held
        self._patience = patience
        self._stop = patience.stop
        self._failed = failed
        self._workers = Workers(at_once, failed)
        self._next: list[str] = []
        self._lock = Lock()
        self.deleted = 0
        """Messages that SQS has confirmed as deleted."""
        self.undeleted: set[str] = set()
        """Ids of messages that have landed and are not confirmed."""

    def add(self, ids: Collection[str]) -> None:
        """Have messages deleted that have landed. Waits while too many are under way."""
        with self._lock:  # delivered twice, some are deleted as the other delivery
            self.undeleted.update(self._held.handles(ids))
        self._next += ids
        while len(self._next) >= BATCH:
            self.flush()
        while not self._workers.wait(0.2, MOST_WAITING) and not self._stop.overdue(DELETE_SECONDS):
            pass

    def flush(self) -> None:
        """Do not wait for a batch to be full."""
        if self._next:
            batch, self._next = self._next[:BATCH], self._next[BATCH:]
            self._workers.submit(partial(self._delete, batch))

    def finish(self) -> None:
        """At the end of a run: wait for the deletions, then release whatever is still held."""
        self._workers.wait(self._stop.left(DELETE_SECONDS))
        releasers = Workers(lambda: RELEASERS, self._failed)
        ids = self._held.ids()
        for first in range(0, len(ids), BATCH):
            releasers.submit(partial(self._held.release, ids[first : first + BATCH]))
        releasers.wait(self._stop.left(STOP_SECONDS))
        if held := len(self._held):
            log.warning("%d messages are not released: they come back by themselves", held)

    def _delete(self, ids: list[str]) -> None:
        for attempt in range(ATTEMPTS):
            time.sleep(0.1 * 2**attempt if attempt else 0)
            handles = self._held.handles(ids)  # the latest, which may have changed meanwhile
            if not handles:
                return
            try:
                deleted = self._queue.delete(handles)
            except TemporaryError as error:
                raise LoaderError(ExitCode.NOT_DELETED, str(error)) from None
            self._held.forget({message_id: handles[message_id] for message_id in deleted})
            with self._lock:
                self.undeleted -= deleted
                self.deleted += len(deleted)
            if len(deleted) == len(handles):
                return
            self._patience.count("delete", len(handles) - len(deleted))
        self._held.forget(handles)  # SQS shows them again, with a handle that may be better
