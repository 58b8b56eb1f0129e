"""Messages become rows: all of a round in one transaction, or none."""

from collections.abc import Iterator, Sequence
from itertools import accumulate, groupby
from uuid import uuid4

import psycopg

from common.database import not_set_up, queries, read_only, transaction
from loader.sqs import Message

ROLE = "login_loader"
COLUMNS = ("message_id", "body", "sent_at", "receive_count", "attributes", "body_md5")
STATEMENT_BYTES = 4 * 1024 * 1024  # of bodies; a statement is copied on its way to the server


def land(connection: psycopg.Connection, messages: Sequence[Message]) -> dict[str, int]:
    """Land messages in one transaction, commit it, and return the counts of the receipt.

    Each message ends up in raw.raw_logins or, if jsonb refuses it, in raw.quarantined_messages
    with the reason. A message that is there already stays as it is. After the return all of them
    may be deleted from the queue. Raises LoaderError, and then none of them has landed.
    """
    load_id, landed, quarantined = uuid4(), 0, 0
    with transaction(connection, ROLE, "the messages"):
        for part in _statements(messages):
            columns = {column: [getattr(m, column) for m in part] for column in COLUMNS}
            columns["body"] = [storable(body) for body in columns["body"]]
            parameters = {"load_id": load_id, **columns}
            [row] = connection.execute(queries("loader")["land"], parameters).fetchall()
            landed, quarantined = landed + row[0], quarantined + row[1]
        receipt = {
            "received": len(messages),
            "landed": landed,
            "already_there": len(messages) - landed - quarantined,
            "quarantined": quarantined,
        }
        connection.execute(queries("loader")["receipt"], {"load_id": load_id, **receipt})
    return receipt


def is_set_up(connection: psycopg.Connection) -> bool:
    """Tell whether the raw tables exist; needs no right on them."""
    with transaction(connection, connection.info.user):
        return connection.execute(queries("loader")["is_set_up"]).fetchone() == (True,)


def require_rights(connection: psycopg.Connection) -> None:
    """Raise LoaderError if nothing could land: the set-up or a right is missing, or read-only."""
    with transaction(connection, ROLE, "the messages"):
        cursor = connection.execute(queries("loader")["missing_rights"])
        [(is_read_only, denied)] = cursor.fetchall()
        if denied:
            raise not_set_up(f"permission denied for {denied}", ROLE)
        if is_read_only:
            raise read_only(connection)


def _statements(messages: Sequence[Message]) -> Iterator[list[Message]]:
    # In one order: two loaders with the same messages wait for each other and do not deadlock.
    ordered = sorted(messages, key=lambda message: message.message_id)
    ends = zip(accumulate(len(message.body) for message in ordered), ordered, strict=True)
    for _, part in groupby(ends, key=lambda end: end[0] // STATEMENT_BYTES):
        yield [message for _, message in part]


def storable(body: str) -> str:
    """Return a body as Postgres can take it.

    No text of Postgres holds NUL or a lone surrogate. SQS delivers neither (SendMessage allows
    the characters of XML 1.0). If another server does, the body becomes a line that is not JSON,
    with a backslash escape for each, and is quarantined.
    """
    encoded = body.replace("\0", "\\x00").encode("utf-8", "backslashreplace")
    escaped = encoded.decode()
    return body if escaped == body else f"not storable, escaped: {escaped}"
