"""A private SQS endpoint over HTTP, with a queue that has messages in it."""

import json
import os
import sys
from collections.abc import Iterator, Sequence
from contextlib import contextmanager
from pathlib import Path
from typing import TYPE_CHECKING

import boto3
from botocore.exceptions import BotoCoreError, ClientError

from sandbox import SandboxError
from sandbox.process import server

if TYPE_CHECKING:
    from mypy_boto3_sqs.client import SQSClient

QUEUE = "login-queue"
BATCH = 10

DELIVERIES = 5
"""How often a message is delivered before it goes to the dead-letter queue."""


@contextmanager
def sqs(directory: Path, messages: Path) -> Iterator[dict[str, str]]:
    """Run an SQS endpoint, send each line of the file `messages` to its queue, yield the settings.

    Raises SandboxError if it does not start, the file cannot be read or a message is refused.
    """
    log = directory / "sqs.log"
    with server(
        lambda _: [sys.executable, "-m", "ministack"],
        # Its own words, not just an open port: that could be another sandbox's.
        lambda port: f"Running on http://127.0.0.1:{port}" in log.read_text(),
        log,
        environment=lambda port: {
            **{name: os.environ[name] for name in ("PATH", "PYTHONPATH") if name in os.environ},
            "HOME": str(directory),
            "TMPDIR": str(directory),
            "BIND_HOST": "127.0.0.1",
            "GATEWAY_PORT": str(port),
            "SERVICES": "sqs",
            "IOT_MTLS_ENABLED": "0",
        },
    ) as port:
        settings = {
            "AWS_ENDPOINT_URL": f"http://127.0.0.1:{port}",
            "AWS_REGION": "us-east-1",
            "AWS_ACCESS_KEY_ID": "sandbox",
            "AWS_SECRET_ACCESS_KEY": "sandbox",
            "LOGIN_QUEUE": QUEUE,
        }
        client = make_client(settings)
        try:
            fill(client, messages)
        except (BotoCoreError, ClientError) as error:
            raise SandboxError(f"cannot fill the queue: {error}") from None
        yield settings


def fill(client: "SQSClient", messages: Path) -> int:
    """Make the queue and its dead-letter queue, send each line of `messages`, return how many.

    Raises SandboxError if the file cannot be read or a message is refused.
    """
    try:
        bodies = messages.read_bytes().decode("utf-8").split("\n")
    except (OSError, UnicodeError) as error:
        raise SandboxError(f"cannot fill the queue from {messages}: {error}") from None
    if not bodies[-1]:
        bodies.pop()  # the end of the last line
    dead_letters = client.create_queue(QueueName=f"{QUEUE}-dead-letters")["QueueUrl"]
    found = client.get_queue_attributes(QueueUrl=dead_letters, AttributeNames=["QueueArn"])
    redrive = {
        "deadLetterTargetArn": found["Attributes"]["QueueArn"],
        "maxReceiveCount": DELIVERIES,
    }
    url = client.create_queue(QueueName=QUEUE, Attributes={"RedrivePolicy": json.dumps(redrive)})[
        "QueueUrl"
    ]
    send(client, url, bodies)
    return len(bodies)


def make_client(settings: dict[str, str]) -> "SQSClient":
    """Return a boto3 client for the endpoint that `settings` name, whatever else is configured."""
    return boto3.Session().client(
        "sqs",
        endpoint_url=settings["AWS_ENDPOINT_URL"],
        region_name=settings["AWS_REGION"],
        aws_access_key_id=settings["AWS_ACCESS_KEY_ID"],
        aws_secret_access_key=settings["AWS_SECRET_ACCESS_KEY"],
    )


def send(client: "SQSClient", url: str, bodies: Sequence[str]) -> None:
    """Send each body as one message, in tens. Raises SandboxError if SQS refuses one."""
    for start in range(0, len(bodies), BATCH):
        answer = client.send_message_batch(
            QueueUrl=url,
            Entries=[
                {"Id": str(index), "MessageBody": body}
                for index, body in enumerate(bodies[start : start + BATCH])
            ],
        )
        for failed in answer.get("Failed", []):
            line = start + int(failed["Id"]) + 1
            raise SandboxError(f"message {line} is refused by SQS: {failed.get('Message')}")
