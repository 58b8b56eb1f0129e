"""The INSERT of the yardsticks: the loader's table and columns, without any of its care."""

import json
from collections.abc import Sequence
from pathlib import Path
from typing import TYPE_CHECKING

import psycopg

if TYPE_CHECKING:
    from mypy_boto3_sqs.type_defs import MessageTypeDef

INSERT = (Path(__file__).parent / "insert.sql").read_bytes()


def insert(connection: psycopg.Connection, messages: "Sequence[MessageTypeDef]") -> None:
    """Insert messages with one statement and commit."""
    attributes = [message["Attributes"] for message in messages]
    connection.execute(
        INSERT,
        {
            "message_id": [message["MessageId"] for message in messages],
            "body": [message["Body"] for message in messages],
            "sent_ms": [int(a["SentTimestamp"]) for a in attributes],
            "receive_count": [int(a["ApproximateReceiveCount"]) for a in attributes],
            "attributes": [json.dumps(a) for a in attributes],
            "body_md5": [message["MD5OfBody"] for message in messages],
        },
    )
    connection.commit()
