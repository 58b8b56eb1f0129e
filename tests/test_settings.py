import pytest

from loader.errors import ExitCode, LoaderError
from loader.settings import Queue, Settings

AWS_URL = "https://sqs.eu-west-1.amazonaws.com/123456789012/logins.fifo"


@pytest.mark.parametrize(
    ("environment", "queue"),
    [
        ({}, Queue("login-queue", "us-east-1", endpoint="http://localhost:4566")),
        (
            {"AWS_ENDPOINT_URL": "http://sqs:9324", "AWS_REGION": "eu-west-1"},
            Queue("login-queue", "eu-west-1", endpoint="http://sqs:9324"),
        ),
        ({"LOGIN_QUEUE": "logins"}, Queue("logins", "us-east-1")),
        (
            {"LOGIN_QUEUE": " logins.fifo ", "AWS_DEFAULT_REGION": "eu-west-1"},
            Queue("logins.fifo", "eu-west-1"),
        ),
        (
            {
                "LOGIN_QUEUE": "arn:aws:sqs:ap-south-1:123456789012:logins",
                "AWS_REGION": "eu-west-1",
            },
            Queue("logins", "ap-south-1", account="123456789012"),
        ),
        (
            {"LOGIN_QUEUE": AWS_URL, "AWS_REGION": "us-west-2"},
            Queue(
                "logins.fifo",
                "eu-west-1",
                url=AWS_URL,
                endpoint="https://sqs.eu-west-1.amazonaws.com",
            ),
        ),
        (
            {"LOGIN_QUEUE": "http://localhost:4566/000000000000/logins"},
            Queue(
                "logins",
                "us-east-1",
                url="http://localhost:4566/000000000000/logins",
                endpoint="http://localhost:4566",
            ),
        ),
    ],
)
def test_a_queue_is_named_by_name_url_or_arn(environment: dict[str, str], queue: Queue) -> None:
    assert Settings.from_environment(environment).queue == queue


@pytest.mark.parametrize(
    ("url", "region"),
    [
        ("https://sqs.us-gov-west-1.amazonaws.com/123456789012/q", "us-gov-west-1"),
        ("https://sqs-fips.us-east-2.amazonaws.com/123456789012/q", "us-east-2"),
        ("https://sqs.cn-north-1.amazonaws.com.cn/123456789012/q", "cn-north-1"),
        ("https://us-east-2.queue.amazonaws.com/123456789012/q", "us-east-2"),
        (
            "https://vpce-0a1b-2c3d.sqs.eu-north-1.vpce.amazonaws.com/123456789012/q",
            "eu-north-1",
        ),
    ],
)
def test_the_region_is_taken_from_the_url(url: str, region: str) -> None:
    assert Settings.from_environment({"LOGIN_QUEUE": url}).queue.region == region


@pytest.mark.parametrize(
    "value",
    [
        "no such/queue",
        "a" * 81,
        "https://sqs.eu-west-1.amazonaws.com/logins",
        "arn:aws:sns:eu-west-1:123456789012:logins",
        "arn:aws:sqs:eu-west-1:12:logins",
    ],
)
def test_what_is_no_queue_is_refused_with_the_forms_that_are(value: str) -> None:
    with pytest.raises(LoaderError, match="give a queue name") as caught:
        Settings.from_environment({"LOGIN_QUEUE": value})
    assert caught.value.exit_code is ExitCode.CONFIGURATION


def test_postgres_defaults_only_fill_what_libpq_is_not_told() -> None:
    assert Settings.from_environment({}).postgres == {
        "host": "localhost",
        "user": "postgres",
        "dbname": "postgres",
        "password": "postgres",
    }
    told = {"PGHOST": "db", "PGPASSFILE": "/run/secrets/pgpass"}
    assert Settings.from_environment(told).postgres == {"user": "postgres", "dbname": "postgres"}
    assert Settings.from_environment({"PGSERVICE": "logins"}).postgres == {}
