"""Erasure of a person, and purge of old messages. Both leave tombstones.

A tombstone keeps the message id, so that a redelivery finds it and stays away.
"""

from collections.abc import Sequence
from datetime import timedelta
from typing import Any

import psycopg

from common.database import queries
from vault.database import transaction
from vault.logged import refuse_if_logged

PAGE = 10_000
"""Messages that one transaction of a purge looks at."""


def erase(connection: psycopg.Connection, user_id: str) -> int:
    """Erase everything about a user, in one transaction, and return how many messages it was.

    Raw and quarantined bodies become tombstones, rows of every model go. What is kept is a keyed
    hash of the user id, to erase again after a restore from backup.
    """
    with transaction(connection):
        refuse_if_logged(connection, "the user id")
        row = connection.execute(queries("vault")["erase"], {"user_id": user_id}).fetchone()
    return int(row[0]) if row else 0


def replay(connection: psycopg.Connection, kept: Sequence[str]) -> int:
    """Erase again everyone on record, and everyone whose keyed hash is in `kept`.

    Returns how many messages were left of them, which a restore had brought back.
    """
    with transaction(connection):
        row = connection.execute(
            queries("vault")["replay_erasures"], {"kept": list(kept)}
        ).fetchone()
    return int(row[0]) if row else 0


def erasure_log(connection: psycopg.Connection) -> tuple[Sequence[str], list[tuple[Any, ...]]]:
    """Return the names and rows of the record of erasures, oldest first."""
    with transaction(connection):
        cursor = connection.execute(queries("vault")["erasure_log"])
        return [column.name for column in cursor.description or ()], cursor.fetchall()


def purge(connection: psycopg.Connection, older_than: timedelta) -> int:
    """Empty the raw bodies of messages older than that, a page at a time, and return how many.

    Masked rows stay. Messages that `user_logins` has not read yet stay as they are.
    Raises psycopg.errors.RaiseException, with the reason, if that would lose rows.
    """
    purged = 0
    after_id: str | None = ""
    while after_id is not None:
        parameters = {"older_than": older_than, "after_id": after_id, "page": PAGE}
        with transaction(connection):
            row = connection.execute(queries("vault")["purge"], parameters).fetchone()
        after_id, in_page = row if row else (None, 0)
        purged += in_page
    # Last: nothing at all is purged if the first page is refused.
    with transaction(connection):
        parameters = {"older_than": older_than}
        purged += connection.execute(queries("vault")["purge_quarantine"], parameters).rowcount
    return purged
