"""Fills the queue of an endpoint that is already running: `python -m sandbox.fill`.

For docker-compose.yml. Where the queue is there already it sends nothing: a second time would be
another hundred messages.
"""

import os
import sys

from botocore.exceptions import BotoCoreError, ClientError

from sandbox import SAMPLE_MESSAGES, SandboxError
from sandbox.sqs import QUEUE, fill, make_client


def main() -> int:
    """Send the sample messages and return the exit code."""
    client = make_client(
        {
            "AWS_ENDPOINT_URL": os.environ["AWS_ENDPOINT_URL"],
            "AWS_REGION": "us-east-1",
            # The endpoint has no accounts, but boto3 signs what it sends.
            "AWS_ACCESS_KEY_ID": "sandbox",
            "AWS_SECRET_ACCESS_KEY": "sandbox",
        }
    )
    try:
        try:
            client.get_queue_url(QueueName=QUEUE)
            print(f"{QUEUE} is there already: nothing sent")
        except client.exceptions.QueueDoesNotExist:
            print(f"{fill(client, SAMPLE_MESSAGES)} messages sent to {QUEUE}")
    except (BotoCoreError, ClientError, SandboxError) as error:
        print(f"sandbox: {error}", file=sys.stderr)
        return 2
    return 0


if __name__ == "__main__":
    sys.exit(main())
