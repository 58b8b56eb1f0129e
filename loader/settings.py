"""Everything that the environment decides, in one place with its defaults.

Standard names first: libpq's PG* variables and boto3's AWS_* variables keep their meaning.
The defaults are those of a usual set-up on one machine.
"""

import re
from collections.abc import Mapping
from dataclasses import dataclass

from loader.errors import ExitCode, LoaderError

LOCAL_ENDPOINT = "http://localhost:4566"
"""Where local SQS servers listen. Used only if neither queue nor endpoint is configured."""

DEFAULT_REGION = "us-east-1"

# https://docs.aws.amazon.com/AWSSimpleQueueService/latest/SQSDeveloperGuide/quotas-queues.html
QUEUE_NAME = re.compile(r"(?=.{1,80}$)[A-Za-z0-9_-]+(\.fifo)?")
QUEUE_ARN = re.compile(
    r"arn:aws[a-z-]*:sqs:(?P<region>[a-z0-9-]+):(?P<account>\d{12}):(?P<name>[^:/]+)"
)
QUEUE_URL = re.compile(r"(?P<endpoint>https?://[^/\s]+)/(?P<account>[^/\s]+)/(?P<name>[^/\s]+)")
# sqs.REGION.amazonaws.com, sqs-fips.REGION…, VPC endpoints, legacy REGION.queue.amazonaws.com
REGION_IN_HOST = re.compile(
    r"(?:[/.]sqs(?:-fips)?\.([a-z0-9-]+)|//([a-z0-9-]+)\.queue)"
    r"\.(?:vpce\.)?(?:amazonaws\.com|api\.aws)"
)
AWS_HOST = re.compile(r"https?://[^/]+\.(?:amazonaws\.com(?:\.cn)?|api\.aws)(?::\d+)?/?")

# dbt publishes for analysts; what is in these is not for them, or not for us.
RESERVED_SCHEMA = re.compile(r"raw|vault|information_schema|pg_.*")

# libpq would take the operating system's user and a Unix socket.
POSTGRES_DEFAULTS = {
    "host": ("PGHOST", "localhost"),
    "user": ("PGUSER", "postgres"),
    "dbname": ("PGDATABASE", "postgres"),
    "password": ("PGPASSWORD", "postgres"),
}


@dataclass(frozen=True)
class Queue:
    """Which queue to read.

    `url` is set where LOGIN_QUEUE is a URL; else SQS is asked for the URL of `name`
    (in `account`, where an ARN says so). `endpoint` is None where boto3 finds it itself.
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


@dataclass(frozen=True)
class Settings:
    """What the environment says; `postgres` completes libpq's own variables."""

    queue: Queue
    postgres: dict[str, str]
    target_schema: str

    @classmethod
    def from_environment(cls, environment: Mapping[str, str]) -> "Settings":
        """Read the settings.

        Raises LoaderError (CONFIGURATION) if LOGIN_QUEUE is no queue name, URL or ARN, or if
        DBT_SCHEMA is a schema that nothing may be published to.
        """
        target_schema = environment.get("DBT_SCHEMA") or "public"
        if RESERVED_SCHEMA.fullmatch(target_schema):
            raise LoaderError(
                ExitCode.CONFIGURATION,
                f"DBT_SCHEMA is {target_schema}, which is not for publishing: name another schema",
            )
        return cls(_queue(environment), _postgres(environment), target_schema)


def _queue(environment: Mapping[str, str]) -> Queue:
    value = environment.get("LOGIN_QUEUE", "").strip()
    endpoint = environment.get("AWS_ENDPOINT_URL_SQS") or environment.get("AWS_ENDPOINT_URL")
    region = (
        environment.get("AWS_REGION") or environment.get("AWS_DEFAULT_REGION") or DEFAULT_REGION
    )
    if not value:
        return Queue("login-queue", region, endpoint=endpoint or LOCAL_ENDPOINT)
    if found := QUEUE_URL.fullmatch(value):
        host_region = REGION_IN_HOST.search(found["endpoint"])
        return Queue(
            name=found["name"],
            region=(host_region[1] or host_region[2]) if host_region else region,
            url=value,
            endpoint=endpoint or found["endpoint"],
        )
    if found := QUEUE_ARN.fullmatch(value):
        return Queue(found["name"], found["region"], account=found["account"], endpoint=endpoint)
    if QUEUE_NAME.fullmatch(value):
        return Queue(value, region, endpoint=endpoint)
    raise LoaderError(
        ExitCode.CONFIGURATION,
        f"LOGIN_QUEUE is {value!r}: give a queue name (login-queue), "
        "a URL (https://sqs.REGION.amazonaws.com/ACCOUNT/NAME) "
        "or an ARN (arn:aws:sqs:REGION:ACCOUNT:NAME)",
    )


def _postgres(environment: Mapping[str, str]) -> dict[str, str]:
    if environment.get("PGSERVICE"):
        return {}
    settings = {
        key: default
        for key, (variable, default) in POSTGRES_DEFAULTS.items()
        if not environment.get(variable)
    }
    if environment.get("PGHOST") or environment.get("PGUSER") or environment.get("PGPASSFILE"):
        settings.pop("password", None)  # not the local set-up: libpq may know, from ~/.pgpass
    return settings
