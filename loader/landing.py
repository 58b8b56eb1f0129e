"""A chunk of messages becomes rows: all in one transaction, or none."""

from collections.abc import Sequence
from dataclasses import dataclass
from uuid import uuid4

import psycopg

from loader.database import statement, transaction
from loader.errors import ExitCode, LoaderError
from loader.sqs import Message

COLUMNS = ("message_id", "body", "sent_at", "receive_count", "attributes", "body_md5")


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
    # Two loaders with the same messages then wait for each other instead of deadlocking.
    messages = sorted(messages, key=lambda message: message.message_id)
    columns = {column: [getattr(m, column) for m in messages] for column in COLUMNS}
    columns["body"] = [storable(body) for body in columns["body"]]
    with transaction(connection, "login_loader"):
        row = connection.execute(
            statement("sql/land.sql"), {"load_id": load_id, **columns}
        ).fetchone()
        if row is None:
            raise LoaderError(ExitCode.RETRYABLE, "raw.land gave no answer: run again")
        landed, quarantined = row
        receipt = Receipt(
            received=len(messages),
            landed=landed,
            already_there=len(messages) - landed - quarantined,
            quarantined=quarantined,
        )
        connection.execute(statement("sql/receipt.sql"), {"load_id": load_id, **vars(receipt)})
    return receipt


def storable(body: str) -> str:
    """Return a body as Postgres can take it.

    No text of Postgres holds NUL or a lone surrogate. SQS delivers neither (SendMessage allows
    what XML 1.0 does); should another server do so, the body becomes a line that is no JSON, with
    a backslash escape for each, and is quarantined.
    """
    try:
        body.encode()
        if "\0" not in body:
            return body
    except UnicodeEncodeError:
        pass
    escaped = body.replace("\0", "\\x00").encode("utf-8", "backslashreplace").decode()
    return f"not storable, escaped: {escaped}"
