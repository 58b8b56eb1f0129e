"""Repair: quarantined messages after a fix, and the clock after a restore."""

from uuid import uuid4

import psycopg

from common.database import queries
from vault import record
from vault.database import transaction

PAGE = 500
"""Messages that one transaction lands, as many as the loader does."""


def requeue(connection: psycopg.Connection) -> tuple[int, int]:
    """Land quarantined messages that jsonb accepts by now, a page in a transaction.

    Each keeps its id and its time of sending; in quarantine a tombstone stays, so that the receipt
    of its first load still adds up. Returns how many landed, and how many are still refused.
    """
    landed = refused = 0
    after_id: str | None = ""
    while after_id is not None:
        parameters = {"load_id": uuid4(), "after_id": after_id, "page": PAGE}
        with transaction(connection, values="the messages"):
            # An erasure meanwhile would be undone.
            connection.execute(queries("vault")["lock_builds"])
            row = connection.execute(queries("vault")["requeue"], parameters).fetchone()
            after_id, tried, newly_landed = row if row else (None, 0, 0)
            gone = connection.execute(queries("vault")["close_requeued"]).rowcount
            if gone:
                record.add(connection, "requeue", {"messages": gone})
            if newly_landed:
                receipt = {"received": newly_landed, "landed": newly_landed}
                connection.execute(
                    queries("loader")["receipt"],
                    {**parameters, **receipt, "already_there": 0, "quarantined": 0},
                )
        landed += newly_landed
        refused += tried - gone
    return landed, refused


def restamp(connection: psycopg.Connection) -> None:
    """Renumber the transactions of messages and windows, in the order that they have."""
    with transaction(connection):
        connection.execute(queries("vault")["lock_builds"])
        connection.execute(queries("vault")["restamp"])
