"""Settings of the environment, with the defaults of a usual set-up on one machine.

The PG* variables of libpq and the AWS_* variables of boto3 keep their meaning.
"""

import re
from collections.abc import Mapping
from dataclasses import dataclass

from common.errors import ExitCode, LoaderError

# https://docs.aws.amazon.com/AWSSimpleQueueService/latest/SQSDeveloperGuide/quotas-queues.html
NAME = re.compile(r"(?=.{1,80}$)[A-Za-z0-9_-]+(\.fifo)?")
ARN = re.compile(r"arn:aws[a-z-]*:sqs:(?P<region>[a-z0-9-]+):(?P<account>\d{12}):(?P<name>[^:/]+)")
# ENDPOINT/ACCOUNT/NAME, and LocalStack's forms with a region in the path:
# https://docs.localstack.cloud/aws/services/sqs/#queue-urls
URL = re.compile(
    r"(?P<url>(?P<endpoint>https?://[^/\s]+)(?:/queue)?(?:/(?P<region>[a-z0-9-]+))?"
    r"/(?P<account>[^/\s]+)/(?P<name>[^/\s]+))/?"
)
# sqs.REGION.amazonaws.com, sqs-fips.REGION…, VPC endpoints, legacy REGION.queue.amazonaws.com
REGION_IN_HOST = re.compile(
    r"(?:[/.]sqs(?:-fips)?\.|//(?=[a-z0-9-]+\.queue))([a-z0-9-]+)(?:\.queue)?"
    r"\.(?:vpce\.)?(?:amazonaws\.com|api\.aws)"
)
LOCAL_ENDPOINT = "http://localhost:4566"  # where neither a queue nor an endpoint is configured


@dataclass(frozen=True)
class QueueSettings:
    """Which queue to read.

    `url` is set where LOGIN_QUEUE is a URL; else SQS is asked for the URL of `name`
    (in `account`, where an ARN names one). `endpoint` is None where boto3 finds it itself.
    """

    name: str
    region: str
    url: str | None = None
    account: str | None = None
    endpoint: str | None = None


def queue_settings(environment: Mapping[str, str]) -> QueueSettings:
    """Read LOGIN_QUEUE (a name, URL or ARN), AWS_ENDPOINT_URL and AWS_REGION.

    Raises LoaderError (CONFIGURATION) if LOGIN_QUEUE has none of the three forms.
    """
    value = environment.get("LOGIN_QUEUE", "").strip()
    endpoint = environment.get("AWS_ENDPOINT_URL_SQS") or environment.get("AWS_ENDPOINT_URL")
    region = environment.get("AWS_REGION") or environment.get("AWS_DEFAULT_REGION") or "us-east-1"
    if not value:
        return QueueSettings("login-queue", region, endpoint=endpoint or LOCAL_ENDPOINT)
    if found := URL.fullmatch(value):
        in_host = REGION_IN_HOST.search(found["endpoint"])
        region = in_host[1] if in_host else found["region"] or region
        endpoint = endpoint or found["endpoint"]
        return QueueSettings(found["name"], region, url=found["url"], endpoint=endpoint)
    if found := ARN.fullmatch(value):
        return QueueSettings(**found.groupdict(), endpoint=endpoint)
    if NAME.fullmatch(value):
        return QueueSettings(value, region, endpoint=endpoint)
    raise LoaderError(
        ExitCode.CONFIGURATION,
        f"LOGIN_QUEUE is {value!r}: give a queue name (login-queue), "
        "a URL (https://sqs.REGION.amazonaws.com/ACCOUNT/NAME) "
        "or an ARN (arn:aws:sqs:REGION:ACCOUNT:NAME)",
    )
