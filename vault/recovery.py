"""Recovery of raw values: asked for, with a reason, and then disclosed; both on record."""

from collections.abc import Sequence
from typing import Any

import psycopg
from psycopg import errors

from common.database import queries
from common.errors import ExitCode, LoaderError
from vault.database import transaction

ROLE = "login_recovery"


def recover(
    connection: psycopg.Connection, kind: str, lookup: str, reason: str, ticket: str | None
) -> list[tuple[Any, ...]]:
    """Return (message id, sent at, address, device id) of every message that `lookup` stands for.

    `kind` is "masked_ip", "masked_device_id" or "message_id". The request is committed before
    anything is disclosed. Raises LoaderError (PERMISSION) if the database refuses, and says why.
    """
    request = {"kind": kind, "lookup": lookup, "reason": reason, "ticket": ticket}
    try:
        with transaction(connection, ROLE):
            asked = connection.execute(queries("vault")["request_recovery"], request).fetchone()
        with transaction(connection, ROLE):
            disclosure = {"request": asked[0] if asked else None}
            return connection.execute(queries("vault")["recover"], disclosure).fetchall()
    except errors.RaiseException as error:
        raise LoaderError(
            ExitCode.PERMISSION, f"recovery refused: {error.diag.message_primary}"
        ) from None


def recovery_log(connection: psycopg.Connection) -> tuple[Sequence[str], list[tuple[Any, ...]]]:
    """Return the names and rows of all requests and disclosures, oldest first."""
    with transaction(connection, ROLE):
        cursor = connection.execute(queries("vault")["recovery_log"])
        return [column.name for column in cursor.description or ()], cursor.fetchall()
