"""Settings of the environment, with their defaults.

The PG* variables of libpq and the AWS_* variables of boto3 keep their meaning.
The defaults are those of a usual set-up on one machine.
"""

import re
from collections.abc import Mapping
from dataclasses import dataclass

from loader.errors import ExitCode, LoaderError

LOCAL_ENDPOINT = "http://localhost:4566"
"""Where local SQS servers listen. Used if neither a queue nor an endpoint is configured."""

DEFAULT_REGION = "us-east-1"

# https://docs.aws.amazon.com/AWSSimpleQueueService/latest/SQSDeveloperGuide/quotas-queues.html
QUEUE_NAME = re.compile(r"(?=.{1,80}$)[A-Za-z0-9_-]+(\.fifo)?")
QUEUE_ARN = re.compile(
    r"arn:aws[a-z-]*:sqs:(?P<region>[a-z0-9-]+):(?P<account>\d{12}):(?P<name>[^:/]+)"
)
# ENDPOINT/ACCOUNT/NAME, and LocalStack's forms with a region in the path:
# https://docs.localstack.cloud/aws/services/sqs/#queue-urls
QUEUE_URL = re.compile(
    r"(?P<url>(?P<endpoint>https?://[^/\s]+)(?:/queue)?(?:/(?P<region>[a-z0-9-]+))?"
    r"/(?P<account>[^/\s]+)/(?P<name>[^/\s]+))/?"
)
# sqs.REGION.amazonaws.com, sqs-fips.REGION…, VPC endpoints, legacy REGION.queue.amazonaws.com
REGION_IN_HOST = re.compile(
    r"(?:[/.]sqs(?:-fips)?\.([a-z0-9-]+)|//([a-z0-9-]+)\.queue)"
    r"\.(?:vpce\.)?(?:amazonaws\.com|api\.aws)"
)
AWS_HOST = re.compile(r"https?://[^/]+\.(?:amazonaws\.com(?:\.cn)?|api\.aws)(?::\d+)?/?")

# Without these libpq takes the operating system's user and a Unix socket.
POSTGRES_DEFAULTS = {
    "host": ("PGHOST", "localhost"),
    "user": ("PGUSER", "postgres"),
    "dbname": ("PGDATABASE", "postgres"),
    "password": ("PGPASSWORD", "postgres"),
}


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

    @property
    def is_local(self) -> bool:
        """Whether the endpoint is a server other than AWS."""
        return self.endpoint is not None and not AWS_HOST.fullmatch(self.endpoint)


def queue_settings(environment: Mapping[str, str]) -> QueueSettings:
    """Read LOGIN_QUEUE (a name, URL or ARN), AWS_ENDPOINT_URL and AWS_REGION.

    Raises LoaderError (CONFIGURATION) if LOGIN_QUEUE has none of the three forms.
    """
    value = environment.get("LOGIN_QUEUE", "").strip()
    endpoint = environment.get("AWS_ENDPOINT_URL_SQS") or environment.get("AWS_ENDPOINT_URL")
    region = (
        environment.get("AWS_REGION") or environment.get("AWS_DEFAULT_REGION") or DEFAULT_REGION
    )
    if not value:
        return QueueSettings("login-queue", region, endpoint=endpoint or LOCAL_ENDPOINT)
    if found := QUEUE_URL.fullmatch(value):
        host_region = REGION_IN_HOST.search(found["endpoint"])
        return QueueSettings(
            name=found["name"],
            region=(host_region[1] or host_region[2]) if host_region else found["region"] or region,
            url=found["url"],
            endpoint=endpoint or found["endpoint"],
        )
    if found := QUEUE_ARN.fullmatch(value):
        return QueueSettings(
            found["name"], found["region"], account=found["account"], endpoint=endpoint
        )
    if QUEUE_NAME.fullmatch(value):
        return QueueSettings(value, region, endpoint=endpoint)
    raise LoaderError(
        ExitCode.CONFIGURATION,
        f"LOGIN_QUEUE is {value!r}: give a queue name (login-queue), "
        "a URL (https://sqs.REGION.amazonaws.com/ACCOUNT/NAME) "
        "or an ARN (arn:aws:sqs:REGION:ACCOUNT:NAME)",
    )


def postgres_settings(environment: Mapping[str, str]) -> dict[str, str]:
    """Return what libpq needs besides the PG* variables, as arguments of `psycopg.connect`."""
    if environment.get("PGSERVICE"):
        return {}
    settings = {
        key: default
        for key, (variable, default) in POSTGRES_DEFAULTS.items()
        if not environment.get(variable)
    }
    if environment.get("PGHOST") or environment.get("PGUSER") or environment.get("PGPASSFILE"):
        settings.pop("password", None)  # not the local set-up: libpq may find one in ~/.pgpass
    return settings
