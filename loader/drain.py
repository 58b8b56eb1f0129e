"""The flow: receive, land, and only then delete, until the queue is empty."""

import logging
import signal
import time
from contextlib import suppress
from dataclasses import dataclass, field
from types import FrameType
from typing import Any

import psycopg
from tqdm import tqdm

from loader.errors import ExitCode, LoaderError
from loader.landing import Receipt, land
from loader.sqs import Backlog, LoginQueue, Message

log = logging.getLogger(__name__)

CHUNK_MESSAGES = 500
CHUNK_BYTES = 16 * 1024 * 1024
CHUNK_SECONDS = 1.0
"""A chunk is landed when it is full or this old. Larger ones gain nothing."""

POLL_SECONDS = 1
"""Long poll of a drain: SQS then asks all its servers, so that "empty" can be believed."""

EMPTY_ANSWERS = 2

PRICE_PER_MILLION_REQUESTS = 0.40
"""US dollars, standard queues in us-east-1 (https://aws.amazon.com/sqs/pricing/, 2026)."""


@dataclass
class Summary:
    """What a run did."""

    receipt: Receipt = field(default_factory=Receipt)
    deleted: int = 0
    requests: int = 0
    seconds: float = 0.0

    def __str__(self) -> str:
        received = self.receipt.received
        line = (
            f"received {received}, landed {self.receipt.landed}, "
            f"already there {self.receipt.already_there}, "
            f"quarantined {self.receipt.quarantined}, deleted {self.deleted}; "
            f"{self.requests} requests"
        )
        if received:
            each = self.requests / received
            dollars = each * PRICE_PER_MILLION_REQUESTS
            line += f" ({each:.2f} a message, ${dollars:.2f} per million messages)"
        return f"{line}; {received / max(self.seconds, 0.001):.0f} messages/s"


def drain(
    connection: psycopg.Connection, queue: LoginQueue, wait_seconds: float
) -> tuple[Summary, ExitCode]:
    """Land everything in the queue and delete it, then say what was done and how it ended.

    `wait_seconds` bounds the wait for messages that another receiver holds. A first SIGTERM or
    SIGINT ends the run in good order: what is in hand is landed and deleted.
    An error ends the run and is logged: whatever has not landed by then is still in the queue.
    """
    began = time.monotonic()
    run = _Run(connection, queue, wait_seconds)
    with run.stop:
        try:
            exit_code = run.until_empty()
        except LoaderError as error:
            log.error("%s", error)
            exit_code = error.exit_code
    run.summary.requests = queue.requests
    run.summary.seconds = time.monotonic() - began
    return run.summary, exit_code


class _Run:
    """One run of the loader."""

    def __init__(
        self, connection: psycopg.Connection, queue: LoginQueue, wait_seconds: float
    ) -> None:
        self.connection = connection
        self.queue = queue
        self.wait_seconds = wait_seconds
        self.stop = _StopSignal()
        self.summary = Summary()
        self.undeleted: set[str] = set()
        """Ids of messages that have landed and that SQS has not confirmed as deleted."""

    def until_empty(self) -> ExitCode:
        """Land chunk after chunk. Empty is what the queue says twice and its counters confirm."""
        empty_answers = 0
        give_up = 0.0
        with tqdm(desc="landing", unit=" messages", disable=None, leave=False) as progress:
            progress.total = self.queue.backlog().waiting
            while not self.stop.requested:
                if chunk := self._receive_chunk():
                    self._land_and_delete(chunk)
                    progress.update(len(chunk))
                    empty_answers = 0
                    continue
                empty_answers += 1
                if empty_answers < EMPTY_ANSWERS:
                    continue
                backlog = self.queue.backlog()
                if backlog == Backlog(0, 0):
                    return ExitCode.NOT_DELETED if self.undeleted else ExitCode.DRAINED
                now = time.monotonic()
                if empty_answers == EMPTY_ANSWERS:
                    log.info("%s: waiting up to %gs for them", _held(backlog), self.wait_seconds)
                    give_up = now + self.wait_seconds
                if now >= give_up:
                    log.warning("%s: run again later", _held(backlog))
                    return ExitCode.NOT_DELETED if self.undeleted else ExitCode.RETRYABLE
        log.warning("stopped by a signal, in good order: run again for the rest")
        return ExitCode.NOT_DELETED if self.undeleted else ExitCode.RETRYABLE

    def _receive_chunk(self) -> list[Message]:
        chunk: list[Message] = []
        size = 0
        deadline = time.monotonic() + CHUNK_SECONDS
        while len(chunk) < CHUNK_MESSAGES and size < CHUNK_BYTES and not self.stop.requested:
            try:
                messages = self.queue.receive(POLL_SECONDS)
            except LoaderError:
                if chunk:  # land what is in hand; the next call meets the error again
                    break
                raise
            chunk += messages
            size += sum(len(message.body) for message in messages)
            if not messages or time.monotonic() >= deadline:
                break
        return chunk

    def _land_and_delete(self, chunk: list[Message]) -> None:
        # SQS honours the latest receipt handle of a message, so one for each id.
        handles = {message.message_id: message.receipt_handle for message in chunk}
        try:
            self.summary.receipt += land(self.connection, chunk)
        except LoaderError:
            with suppress(LoaderError):
                self.queue.release(handles.values())
            raise
        self.undeleted |= handles.keys()
        try:
            deleted = self.queue.delete(handles)
        except LoaderError as error:
            if error.exit_code is ExitCode.PERMISSION:
                raise
            raise LoaderError(
                ExitCode.NOT_DELETED,
                f"{len(handles)} messages have landed but are still in the queue, "
                f"a rerun deletes them: {error}",
            ) from None
        self.undeleted -= deleted
        self.summary.deleted += len(deleted)


def _held(backlog: Backlog) -> str:
    return (
        f"the queue still counts {backlog.waiting} messages waiting "
        f"and {backlog.in_flight} held by another receiver"
    )


class _StopSignal:
    """Turns the first SIGTERM or SIGINT into a request to stop; a second one ends the process."""

    def __init__(self) -> None:
        self.requested = False
        self._former: dict[signal.Signals, Any] = {}

    def __enter__(self) -> None:
        for number in (signal.SIGTERM, signal.SIGINT):
            self._former[number] = signal.signal(number, self._request)

    def __exit__(self, *_: object) -> None:
        for number, handler in self._former.items():
            signal.signal(number, handler)

    def _request(self, _number: int, _frame: FrameType | None) -> None:
        self.requested = True
        self.__exit__()
