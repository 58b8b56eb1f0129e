"""The record of all actions on the data: a chain of entries, and the check that it is sound.

The table and the functions are those of `migrations/0008_record.sql` and `schema/record.sql`.
"""

import re
from collections.abc import Iterator, Mapping, Sequence
from dataclasses import dataclass
from typing import Any

import psycopg
from psycopg.types.json import Jsonb

from common.database import queries
from common.errors import ExitCode, LoaderError
from vault import catalogue
from vault.database import transaction
from vault.extension import package_of_extension

OF_THE_RECORD = re.compile(r"\blogin_audit|^event trigger")
"""Differences of the catalogue that concern the record."""


@dataclass(frozen=True)
class Head:
    """The newest entry. Its hash stands for all entries before it."""

    number: int
    hash: str

    def __str__(self) -> str:
        return f"entry {self.number}, head {self.hash}"


def add(connection: psycopg.Connection, kind: str, detail: Mapping[str, Any]) -> None:
    """Add an entry, as login_owner. `detail` must hold no raw value, key or user id."""
    parameters = {"kind": kind, "detail": Jsonb(detail)}
    connection.execute(queries("vault")["add_entry"], parameters)


def head(connection: psycopg.Connection, role: str) -> Head:
    """Return the newest entry. `role` is login_owner or login_recovery."""
    with transaction(connection, role):
        row = connection.execute(queries("vault")["head"]).fetchone()
    return Head(row[0] or 0, row[1] or "none") if row else Head(0, "none")


def disclosure(connection: psycopg.Connection, request: int | None, role: str) -> Head:
    """Return the entry of an answered request, as the record has it after the commit.

    Raises LoaderError (PERMISSION) if there is none: what was disclosed must not be shown.
    """
    with transaction(connection, role):
        row = connection.execute(
            queries("vault")["disclosure_on_record"], {"request": request}
        ).fetchone()
    if row is None:
        raise LoaderError(
            ExitCode.PERMISSION,
            "the disclosure is not on record, and nothing is shown: "
            "run `python -m vault audit --verify` as login_owner",
        )
    return Head(*row)


def entries(connection: psycopg.Connection) -> tuple[Sequence[str], list[tuple[Any, ...]]]:
    """Return the names and rows of all entries, oldest first, as login_owner."""
    with transaction(connection):
        cursor = connection.execute(queries("vault")["entries"])
        return [column.name for column in cursor.description or ()], cursor.fetchall()


def structure(connection: psycopg.Connection) -> list[str]:
    """Return how the record differs from what this version makes. Reads only the catalogue."""
    facts = catalogue.read(connection, published="")
    wanted = catalogue.expected(package_of_extension(connection))
    found = (one.text for one in catalogue.differences(facts, wanted))
    return [text for text in found if OF_THE_RECORD.search(text)]


def contents(connection: psycopg.Connection, noted: str | None = None) -> Iterator[str]:
    """Yield faults of the entries, and settings and keys that differ from the entries."""
    for name in ("broken_entries", "off_record"):
        for (fault,) in connection.execute(queries("vault")[name]):
            yield fault
    if noted:
        parameters = {"hash": noted}
        if not connection.execute(queries("vault")["is_on_record"], parameters).fetchone():
            yield f"head {noted}: is not on record; entries were removed, or all written again"


def verify(connection: psycopg.Connection, noted: str | None) -> list[str]:
    """Return everything that is wrong with the record, as login_owner.

    `noted` is the head of an earlier day: if it is not in the chain any more, newer entries were
    removed, or all of them were written again. Raises LoaderError (CONFIGURATION) if it is not the
    text of a hash.
    """
    if noted is not None and not re.fullmatch(r"[0-9a-f]{64}", noted):
        raise LoaderError(
            ExitCode.CONFIGURATION, "--head is no head: give 64 hex digits, as `audit` says them"
        )
    with transaction(connection):
        found = structure(connection)
        try:
            with connection.transaction():
                found += contents(connection, noted)
        except psycopg.Error as error:
            if not found:
                raise
            found.append(f"the entries cannot be read: {error.diag.message_primary}")
        return found
