"""A yardstick: receive ten, insert and commit each, delete each, as many a tutorial has it."""

import os

import boto3
import psycopg

from benchmarks.insert import insert


def main() -> None:
    """Drain the queue."""
    client = boto3.client("sqs")
    url = client.get_queue_url(QueueName=os.environ["LOGIN_QUEUE"])["QueueUrl"]
    with psycopg.connect() as connection:
        while messages := client.receive_message(
            QueueUrl=url, MaxNumberOfMessages=10, MessageSystemAttributeNames=["All"]
        ).get("Messages"):
            for message in messages:
                insert(connection, [message])
                client.delete_message(QueueUrl=url, ReceiptHandle=message["ReceiptHandle"])


if __name__ == "__main__":
    main()
