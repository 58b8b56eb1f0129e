"""Erasure of a person, and purge of old messages. Both leave tombstones.

A tombstone keeps the message id, so that a redelivery finds it and stays away.
"""

import logging
from collections.abc import Sequence
from dataclasses import dataclass
from datetime import timedelta
from functools import cached_property
from itertools import groupby
from operator import itemgetter
from typing import Any

import psycopg

from common.database import queries
from vault import record
from vault.database import transaction

log = logging.getLogger("vault")

PAGE = 10_000
"""Messages that one transaction of a purge looks at."""


@dataclass(frozen=True)
class Found:
    """What `vault.messages_of` has found of a user id."""

    rows: list[tuple[str, str, bool]]
    """Message id, the place where the id is, and whether the message is the user's."""

    with_mentions: bool
    """Whether the logins of other people that mention the id count as the user's."""

    @cached_property
    def messages(self) -> set[str]:
        """Ids of the messages to erase."""
        mentions = self._at("mention", "mention in attributes") if self.with_mentions else set()
        return mentions | {message_id for message_id, _, is_theirs in self.rows if is_theirs}

    @property
    def named_in_attributes(self) -> set[str]:
        """Ids of logins of other people whose attributes have the id, and are emptied."""
        return self._at("mention in attributes") - self.messages

    @property
    def mentions(self) -> set[str]:
        """Ids of logins of other people whose body has the id, and which are left."""
        return self._at("mention") - self.messages

    @property
    def other_spellings(self) -> set[str]:
        """Ids of logins whose user id differs by case or surrounding blanks, and which are left."""
        return self._at("other spelling") - self.messages

    @property
    def not_searched(self) -> set[str]:
        """Ids of messages with base64 or binary data in the body, which are left."""
        return self._at("not searched") - self.messages

    def places(self) -> list[tuple[str, str]]:
        """Return each message id once, with the places where something was found in it."""
        grouped = groupby(self.rows, key=itemgetter(0))
        return [(message_id, ", ".join(row[1] for row in rows)) for message_id, rows in grouped]

    def _at(self, *places: str) -> set[str]:
        return {message_id for message_id, place, _ in self.rows if place in places}


def find(connection: psycopg.Connection, user_id: str, *, with_mentions: bool = False) -> Found:
    """Return where a user id is found. Changes nothing."""
    with transaction(connection, values="the user id"):
        return _find(connection, user_id, with_mentions)


def erase(connection: psycopg.Connection, user_id: str, *, with_mentions: bool = False) -> Found:
    """Erase everything about a user, in one transaction, and return what was found.

    Raw and quarantined bodies become tombstones, rows of every model go. What is kept is a keyed
    hash of the user id, to erase again after a restore from backup. Logins of other people that
    mention the id stay, without their attributes if these mention it, unless `with_mentions`.
    """
    with transaction(connection, values="the user id"):
        connection.execute(queries("vault")["lock_builds"])
        found = _find(connection, user_id, with_mentions)
        parameters = {
            "user_id": user_id,
            "message_ids": list(found.messages),
            "named_in_attributes": list(found.named_in_attributes),
        }
        connection.execute(queries("vault")["erase"], parameters)
    if found.messages | found.named_in_attributes:
        _vacuum(connection)
    return found


def _vacuum(connection: psycopg.Connection) -> None:
    """Let go of the row versions that hold what is erased. Says which tables it cannot vacuum."""
    with transaction(connection):
        statements = connection.execute(queries("vault")["vacuums"]).fetchall()
    for statement, is_allowed in statements:
        try:
            if is_allowed:  # else Postgres only warns
                connection.execute(statement)
                continue
        except psycopg.Error as error:
            log.info("%s", error.diag.message_primary)
        log.warning("old versions of erased rows are still in a table: run `%s`", statement)


def _find(connection: psycopg.Connection, user_id: str, with_mentions: bool) -> Found:
    rows = connection.execute(queries("vault")["messages_of"], {"user_id": user_id}).fetchall()
    return Found(rows, with_mentions)


def replay(connection: psycopg.Connection, kept: Sequence[str]) -> int:
    """Erase again everyone on record, and everyone whose keyed hash is in `kept`.

    Returns how many messages were left of them, which a restore had brought back.
    """
    with transaction(connection, values="the user ids"):
        row = connection.execute(
            queries("vault")["replay_erasures"], {"kept": list(kept)}
        ).fetchone()
    erased = int(row[0]) if row else 0
    if erased:
        _vacuum(connection)
    return erased


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
        cursor = connection.execute(queries("vault")["purge_quarantine"], parameters)
        if cursor.rowcount:
            entry = {"quarantined_messages": cursor.rowcount, "age": str(older_than)}
            record.add(connection, "purge", entry)
        purged += cursor.rowcount
    return purged
