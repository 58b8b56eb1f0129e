import pytest

from common.database import postgres_settings
from common.errors import ExitCode, LoaderError
from loader.settings import QueueSettings, queue_settings

AWS_URL = "https://sqs.eu-west-1.amazonaws.com/123456789012/logins.fifo"


@pytest.mark.parametrize(
    ("environment", "queue"),
    [
        ({}, QueueSettings("login-queue", "us-east-1", endpoint="http://localhost:4566")),
        (
            {"AWS_ENDPOINT_URL": "http://sqs:9324", "AWS_REGION": "eu-west-1"},
            QueueSettings("login-queue", "eu-west-1", endpoint="http://sqs:9324"),
        ),
        ({"LOGIN_QUEUE": "logins"}, QueueSettings("logins", "us-east-1")),
        (
            {"LOGIN_QUEUE": " logins.fifo ", "AWS_DEFAULT_REGION": "eu-west-1"},
            QueueSettings("logins.fifo", "eu-west-1"),
        ),
        (
            {
                "LOGIN_QUEUE": "arn:aws:sqs:ap-south-1:123456789012:logins",
                "AWS_REGION": "eu-west-1",
            },
            QueueSettings("logins", "ap-south-1", account="123456789012"),
        ),
        (
            {"LOGIN_QUEUE": AWS_URL, "AWS_REGION": "us-west-2"},
            QueueSettings(
                "logins.fifo",
                "eu-west-1",
                url=AWS_URL,
                endpoint="https://sqs.eu-west-1.amazonaws.com",
            ),
        ),
        (
            {"LOGIN_QUEUE": "http://localhost:4566/000000000000/logins"},
            QueueSettings(
                "logins",
                "us-east-1",
                url="http://localhost:4566/000000000000/logins",
                endpoint="http://localhost:4566",
            ),
        ),
    ],
)
def test_a_queue_is_named_by_name_url_or_arn(
    environment: dict[str, str], queue: QueueSettings
) -> None:
    assert queue_settings(environment) == queue


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
    assert queue_settings({"LOGIN_QUEUE": url}).region == region


@pytest.mark.parametrize(
    ("path", "region"),
    [
        ("/000000000000/logins", "us-west-2"),
        ("/eu-west-1/000000000000/logins", "eu-west-1"),
        ("/queue/eu-west-1/000000000000/logins", "eu-west-1"),
        ("/queue/000000000000/logins", "us-west-2"),
    ],
)
@pytest.mark.parametrize("end", ["", "/"])
def test_a_local_url_has_an_account_and_may_have_a_region(path: str, region: str, end: str) -> None:
    url = f"http://sqs.local:4566{path}"
    assert queue_settings({"LOGIN_QUEUE": url + end, "AWS_REGION": "us-west-2"}) == QueueSettings(
        "logins", region, url=url, endpoint="http://sqs.local:4566"
    )


@pytest.mark.parametrize(
    "value",
    [
        "no such/queue",
        "http://sqs.local:4566/logins",
        "http://sqs.local:4566/a/b/c/d/logins",
        "a" * 81,
        "https://sqs.eu-west-1.amazonaws.com/logins",
        "arn:aws:sns:eu-west-1:123456789012:logins",
        "arn:aws:sqs:eu-west-1:12:logins",
    ],
)
def test_what_is_no_queue_is_refused_with_the_forms_that_are(value: str) -> None:
    with pytest.raises(LoaderError, match="give a queue name") as caught:
        queue_settings({"LOGIN_QUEUE": value})
    assert caught.value.exit_code is ExitCode.CONFIGURATION


def test_postgres_defaults_only_fill_what_libpq_is_not_told() -> None:
    assert postgres_settings({}) == {
        "host": "localhost",
        "user": "postgres",
        "dbname": "postgres",
        "password": "postgres",
    }
    told = {"PGHOST": "db", "PGPASSFILE": "/run/secrets/pgpass"}
    assert postgres_settings(told) == {"user": "postgres", "dbname": "postgres"}
    assert postgres_settings({"PGSERVICE": "logins"}) == {}
