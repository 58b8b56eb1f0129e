"""A yardstick: receive tens until there are 500, insert and commit at once, delete in tens."""

import os
from typing import TYPE_CHECKING

import boto3
import psycopg

from benchmarks.insert import insert

if TYPE_CHECKING:
    from mypy_boto3_sqs.type_defs import MessageTypeDef

CHUNK = 500


def main() -> None:
    """Drain the queue."""
    client = boto3.client("sqs")
    url = client.get_queue_url(QueueName=os.environ["LOGIN_QUEUE"])["QueueUrl"]
    is_empty = False
    with psycopg.connect() as connection:
        while not is_empty:
            chunk: list[MessageTypeDef] = []
            while len(chunk) < CHUNK and not is_empty:
                messages = client.receive_message(
                    QueueUrl=url, MaxNumberOfMessages=10, MessageSystemAttributeNames=["All"]
                ).get("Messages", [])
                chunk += messages
                is_empty = not messages
            insert(connection, chunk)
            for first in range(0, len(chunk), 10):
                client.delete_message_batch(
                    QueueUrl=url,
                    Entries=[
                        {"Id": str(number), "ReceiptHandle": message["ReceiptHandle"]}
                        for number, message in enumerate(chunk[first : first + 10])
                    ],
                )


if __name__ == "__main__":
    main()
