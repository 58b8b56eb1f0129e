"""Chunks to Postgres, over a connection that may break and be made anew."""

import time
from collections.abc import Sequence
from contextlib import suppress
from datetime import datetime, timezone

import psycopg

from loader.database import connect
from loader.errors import ExitCode, LoaderError
from loader.landing import Receipt, land
from loader.receivers import Receivers
from loader.settings import Settings
from loader.sqs import Message
from loader.stop import LAND_SECONDS, Patience


class Lander:
    """Lands chunks one after the other, and waits while Postgres is away."""

    def __init__(self, settings: Settings, receivers: Receivers, patience: Patience) -> None:
        self._settings = settings
        self._receivers = receivers
        self._patience = patience
        self._connection: psycopg.Connection | None = None
        self.receipt = Receipt()
        self.chunks = 0
        self.seconds = 0.0
        """What all chunks took."""
        self.oldest_age_seconds = 0.0
        """How old the oldest message of the latest chunk was when it landed."""

    def land(self, chunk: Sequence[Message]) -> None:
        """Land a chunk and commit; see `loader.landing.land`.

        While Postgres is away nothing is received, and what is held stays held and hidden:
        received again and again, healthy messages would end up in the dead-letter queue.
        Raises LoaderError when patience is over, and then nothing of the chunk has landed.
        """
        self.receipt += self._patience.retry("Postgres", lambda: self._try(chunk))
        self._receivers.may_receive.set()

    def _try(self, chunk: Sequence[Message]) -> Receipt:
        if self._patience.stop.overdue(LAND_SECONDS):
            raise LoaderError(ExitCode.RETRYABLE, "Postgres is too slow for the stop: run again")
        began = time.monotonic()
        try:
            self._connection = self._connection or connect(self._settings)
            receipt = land(self._connection, chunk)
        except LoaderError:
            self._receivers.may_receive.clear()
            self.close()
            raise
        self.chunks += 1
        self.seconds += time.monotonic() - began
        if sent_at := min((m.sent_at for m in chunk if m.sent_at), default=None):
            self.oldest_age_seconds = (datetime.now(timezone.utc) - sent_at).total_seconds()
        return receipt

    def cancel(self) -> None:
        """End a statement that hangs; from another thread."""
        if connection := self._connection:
            with suppress(psycopg.Error):
                connection.cancel_safe(timeout=1)

    def close(self) -> None:
        """Leave the database."""
        if self._connection:
            self._connection.close()
        self._connection = None
