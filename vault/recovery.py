"""Recovery of raw values and access to a person's data: asked for, then disclosed, on record."""

from collections.abc import Mapping, Sequence
from dataclasses import dataclass
from typing import Any

import psycopg
from psycopg import errors

from common.database import queries
from common.errors import ExitCode, LoaderError
from vault.database import transaction
from vault.record import Head, disclosure

ROLE = "login_recovery"


@dataclass(frozen=True)
class Recovered:
    """A table of what was disclosed, and the numbers of messages in which nothing was."""

    names: list[str]
    """message_id, sent_at and the personal fields that were asked for."""
    rows: list[tuple[Any, ...]]
    removed: int
    """Messages that are erased or purged."""
    without: int
    """Messages in which raw.login_of finds no such value."""
    on_record: Head
    """The entry of the disclosure."""


def recover(
    connection: psycopg.Connection, kind: str, lookup: str, reason: str, ticket: str | None
) -> Recovered:
    """Return the raw values of every message that `lookup` stands for.

    `kind` is the column of a mask, such as "masked_ip", or "message_id". The request is committed
    before anything is disclosed, and the disclosure is read back from the record. Raises
    LoaderError (PERMISSION) if the database refuses, and says why, or if it is not on record.
    """
    request = {"kind": kind, "lookup": lookup, "reason": reason, "ticket": ticket}
    found, on_record = _disclosed(connection, "recovery", ("request_recovery", "recover"), request)
    disclosed = [(*row[:2], row[3]) for row in found if row[3] is not None]
    fields = list(disclosed[0][2]) if disclosed else []
    return Recovered(
        names=["message_id", "sent_at", *fields],
        rows=[(*row[:2], *(row[2][field] for field in fields)) for row in disclosed],
        removed=sum(row[2] is not None for row in found),
        without=sum(row[2] is None and row[3] is None for row in found),
        on_record=on_record,
    )


def access(
    connection: psycopg.Connection, user_id: str, reason: str, ticket: str | None
) -> tuple[int, str, Head]:
    """Return the number of messages of a user, a JSON document of everything, and its entry.

    As with `recover`, the request is committed first; it holds a keyed hash of the id. Raises
    LoaderError (PERMISSION) if the database refuses, or if the server would log the id.
    """
    request = {"user_id": user_id, "reason": reason, "ticket": ticket}
    [(messages, document)], on_record = _disclosed(
        connection, "access", ("request_access", "access"), request
    )
    return messages, document, on_record


def _disclosed(
    connection: psycopg.Connection,
    what: str,
    statements: tuple[str, str],
    request: Mapping[str, str | None],
) -> tuple[list[tuple[Any, ...]], Head]:
    """Ask with the first statement, and then, in a transaction of its own, see with the second."""
    ask, see = (queries("vault")[name] for name in statements)
    try:
        with transaction(connection, ROLE, values="the person"):
            asked = connection.execute(ask, request).fetchone()
        number = asked[0] if asked else None
        with transaction(connection, ROLE, values="what is disclosed"):
            found = connection.execute(see, {**request, "request": number}).fetchall()
        return found, disclosure(connection, number, ROLE)
    except errors.RaiseException as error:
        raise LoaderError(
            ExitCode.PERMISSION, f"{what} refused: {error.diag.message_primary}"
        ) from None


def recovery_log(connection: psycopg.Connection) -> tuple[Sequence[str], list[tuple[Any, ...]]]:
    """Return the names and rows of all requests and disclosures, oldest first."""
    with transaction(connection, ROLE):
        cursor = connection.execute(queries("vault")["recovery_log"])
        return [column.name for column in cursor.description or ()], cursor.fetchall()
