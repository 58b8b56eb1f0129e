"""AWS Lambda: lands the messages of an SQS event, as `python -m loader` would.

Set it up with ReportBatchItemFailures, or Lambda takes a failure for a success:
https://docs.aws.amazon.com/lambda/latest/dg/services-sqs-errorhandling.html#services-sqs-batchfailurereporting
The PG* variables name the database, which `python -m vault init` has set up.
"""

import os
from collections.abc import Mapping, Sequence
from typing import Any

import psycopg

from common.database import connect, postgres_settings
from common.errors import LoaderError, TemporaryError
from loader import log
from loader.landing import land
from loader.sqs import Message, message

log.setLevel("INFO")

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
    received = {str(record.get("messageId", "")): _whole(record) for record in records}
    whole = [message for message in received.values() if message]
    failed = [message_id for message_id, message in received.items() if not message]
    if failed:
        log.warning("%d messages came damaged: left in the queue", len(failed))
    try:
        if whole:
            log.info("receipt: %s", _land(whole))
    except Exception as error:
        # Of an error that is not ours only the kind: its text may quote a message.
        log.error("%s", error if isinstance(error, LoaderError) else type(error).__name__)
        failed += [message.message_id for message in whole]
    return {"batchItemFailures": [{"itemIdentifier": message_id} for message_id in failed]}


def _whole(record: Mapping[str, Any]) -> Message | None:
    """Return the message in a record, or None if it is damaged."""
    try:
        attributes = record.get("messageAttributes", {})
        received = _capitalised(record) | {
            "Body": record["body"],
            "MD5OfBody": record["md5OfBody"],
            "MessageAttributes": {name: _capitalised(each) for name, each in attributes.items()},
        }
        return message(received)
    except (KeyError, TypeError, AttributeError, IndexError):
        return None


def _capitalised(names: Mapping[str, Any]) -> dict[str, Any]:
    """Return the names as an answer to ReceiveMessage has them, without values that are empty."""
    return {name[0].upper() + name[1:]: value for name, value in names.items() if value}


def _land(messages: Sequence[Message]) -> dict[str, int]:
    """Land over the connection of the last event or, if there is none or it was cut, a new one."""
    while True:
        is_new = not _connections
        connection = connect(postgres_settings(os.environ)) if is_new else _connections.pop()
        try:
            receipt = land(connection, messages)
        except BaseException as error:
            connection.close()
            if is_new or not isinstance(error, TemporaryError):
                raise
        else:
            _connections.append(connection)
            return receipt
