"""A chunk of messages becomes rows: all in one transaction, or none."""

from collections.abc import Sequence
from dataclasses import dataclass
from typing import Any
from uuid import uuid4

import psycopg
from psycopg import errors

from loader.database import statement, transaction
from loader.sqs import Message

# What Postgres raises for a body that jsonb cannot hold: bad syntax, \u0000 and numbers out of
# range (class 22), nesting too deep (54001), too many or too long members (54000).
REFUSED = (errors.DataError, errors.StatementTooComplex, errors.ProgramLimitExceeded)

UNSTORABLE = ("22021", "the body holds a character that no Postgres text can: NUL or a surrogate")


@dataclass(frozen=True)
class Receipt:
    """What became of a chunk. `already_there` counts redelivered messages."""

    received: int = 0
    landed: int = 0
    already_there: int = 0
    quarantined: int = 0

    def __add__(self, other: "Receipt") -> "Receipt":
        return Receipt(
            self.received + other.received,
            self.landed + other.landed,
            self.already_there + other.already_there,
            self.quarantined + other.quarantined,
        )


def land(connection: psycopg.Connection, messages: Sequence[Message]) -> Receipt:
    """Land messages in one transaction and commit it.

    Each ends up in raw.raw_logins or, if jsonb refuses it, in raw.quarantined_messages with the
    reason; a message that is there already stays as it is. On return all of them may be deleted
    from the queue. Raises LoaderError, and then none of them has landed.
    """
    load_id = uuid4()
    storable = [m for m in messages if _is_text(m.body)]
    with transaction(connection, "login_loader"):
        landed, quarantined = _land(
            connection, load_id, sorted(storable, key=lambda m: m.message_id)
        )
        for message in messages:
            if not _is_text(message.body):
                quarantined += _quarantine(connection, load_id, message, *UNSTORABLE)
        receipt = Receipt(
            received=len(messages),
            landed=landed,
            already_there=len(messages) - landed - quarantined,
            quarantined=quarantined,
        )
        connection.execute(statement("sql/receipt.sql"), {"load_id": load_id, **vars(receipt)})
    return receipt


def _land(
    connection: psycopg.Connection, load_id: Any, messages: Sequence[Message]
) -> tuple[int, int]:
    """Insert messages, halving until what jsonb refuses stands alone; (landed, quarantined)."""
    if not messages:
        return 0, 0
    try:
        with connection.transaction():  # a savepoint
            rows = connection.execute(statement("sql/land.sql"), _columns(load_id, messages))
            return rows.rowcount, 0
    except REFUSED as error:
        if len(messages) == 1:
            reason = error.diag.message_primary or type(error).__name__
            return 0, _quarantine(
                connection, load_id, messages[0], error.sqlstate or "XX000", reason
            )
    middle = len(messages) // 2
    left = _land(connection, load_id, messages[:middle])
    right = _land(connection, load_id, messages[middle:])
    return left[0] + right[0], left[1] + right[1]


def _quarantine(
    connection: psycopg.Connection, load_id: Any, message: Message, sqlstate: str, reason: str
) -> int:
    body = message.body
    if not _is_text(body):
        body = body.replace("\0", "\\x00").encode("utf-8", "backslashreplace").decode()
    row = {**vars(message), "body": body, "load_id": load_id}
    return connection.execute(
        statement("sql/quarantine.sql"), {**row, "sqlstate": sqlstate, "reason": reason}
    ).rowcount


def _columns(load_id: Any, messages: Sequence[Message]) -> dict[str, Any]:
    columns = ("message_id", "body", "sent_at", "receive_count", "attributes", "body_md5")
    return {"load_id": load_id} | {
        column: [getattr(message, column) for message in messages] for column in columns
    }


def _is_text(body: str) -> bool:
    try:
        body.encode()
    except UnicodeEncodeError:
        return False
    return "\0" not in body
