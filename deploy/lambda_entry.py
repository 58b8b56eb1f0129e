"""Where Lambda enters: logs in to RDS by IAM, then lands as `loader.lambda_handler` does.

A token takes the place of a password. It is signed here, without a request to anywhere, so the
function needs neither a stored secret nor a way out of its network. It is good for 15 minutes,
which is only checked when a connection is made:
https://docs.aws.amazon.com/AmazonRDS/latest/UserGuide/UsingWithRDS.IAMDBAuth.html
"""

import os
from typing import Any

import boto3

from loader import lambda_handler


def handler(event: dict[str, Any], context: object) -> dict[str, list[dict[str, str]]]:
    """Land the messages of an SQS event; returns those that SQS is to deliver again."""
    os.environ["PGPASSWORD"] = boto3.client("rds").generate_db_auth_token(
        DBHostname=os.environ["PGHOST"],
        Port=int(os.environ["PGPORT"]),
        DBUsername=os.environ["PGUSER"],
    )
    return lambda_handler.handler(event, context)
