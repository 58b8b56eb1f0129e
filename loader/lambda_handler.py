"""AWS Lambda: lands the messages of an SQS event, as `python -m loader` would.

Set it up with ReportBatchItemFailures, or Lambda takes a failure for a success:
https://docs.aws.amazon.com/lambda/latest/dg/services-sqs-errorhandling.html#services-sqs-batchfailurereporting
The PG* variables name the database, which `python -m vault init` has set up.
"""

import logging
import os
from collections.abc import Mapping, Sequence
from typing import Any

import psycopg

from loader.database import connect
from loader.errors import LoaderError, TemporaryError
from loader.landing import Receipt, land
from loader.settings import postgres_settings
from loader.sqs import Message, message

log = logging.getLogger("loader")
log.setLevel(logging.INFO)

_connections: list[psycopg.Connection] = []
"""The connection of the last event, if it went well: Lambda keeps the process for the next."""


def handler(event: Mapping[str, Any], _context: object) -> dict[str, list[dict[str, str]]]:
    """Land the messages of an event in one transaction.

    Returns as `batchItemFailures` the messages that SQS delivers again: those that came damaged,
    or all while Postgres is away. Lambda deletes the others. A message without an id, which SQS
    does not send, fails its batch, as an empty identifier does.
    Raises ValueError for the event of another service (SNS, S3, EventBridge): an answer would tell
    that service that its event is dealt with, and the event would be lost.
    """
    records = event.get("Records")
    if not records or any(record.get("eventSource") != "aws:sqs" for record in records):
        raise ValueError("not an event of SQS: let an event source mapping of SQS call this")
    whole: list[Message] = []
    failed: list[str] = []
    for record in records:
        received = _whole(record)
        if received:
            whole.append(received)
        else:
            failed.append(str(record.get("messageId", "")))
    if failed:
        log.warning("%d messages came damaged: left in the queue", len(failed))
    try:
        log.info("%s", _land(whole))
    except Exception as error:
        # Of an error that is not ours only the kind: its text may quote a message.
        log.error("%s", error if isinstance(error, LoaderError) else type(error).__name__)
        failed += [received.message_id for received in whole]
    return {"batchItemFailures": [{"itemIdentifier": message_id} for message_id in failed]}


def _whole(record: Mapping[str, Any]) -> Message | None:
    """Return the message in a record, or None if it is damaged."""
    try:
        received = message(_as_received(record))  # type: ignore[arg-type]
        return received if received.is_whole else None
    except (KeyError, TypeError, AttributeError, IndexError):
        return None


def _land(messages: Sequence[Message]) -> Receipt:
    if not messages:
        return Receipt()
    while True:
        is_fresh = not _connections
        if is_fresh:
            _connections.append(connect(postgres_settings(os.environ)))
        connection = _connections.pop()
        try:
            receipt = land(connection, messages)
        except BaseException as error:
            connection.close()
            if is_fresh or not isinstance(error, TemporaryError):
                raise
        else:
            _connections.append(connection)
            return receipt


def _as_received(record: Mapping[str, Any]) -> dict[str, Any]:
    """Return a record of an event in the form of an answer to ReceiveMessage."""
    return {
        "MessageId": record["messageId"],
        "ReceiptHandle": record["receiptHandle"],
        "Body": record["body"],
        "MD5OfBody": record["md5OfBody"],
        "Attributes": record["attributes"],
        "MessageAttributes": {
            name: {key[0].upper() + key[1:]: value for key, value in attribute.items() if value}
            for name, attribute in record.get("messageAttributes", {}).items()
        },
    }
