"""AWS Lambda lands an event through the same code, and never fails a batch for one message."""

import json
import os
from collections.abc import Iterator
from typing import Any
from unittest.mock import patch

import pytest

from loader import lambda_handler
from tests.conftest import Pipeline, slowed
from tests.logins import login, logins


@pytest.fixture
def function(pipeline: Pipeline) -> Iterator[Pipeline]:
    pipeline.vault("init")
    with patch.dict(os.environ, pipeline.env, clear=True):
        yield pipeline
    while lambda_handler._connections:
        lambda_handler._connections.pop().close()


def event(pipeline: Pipeline, count: int) -> dict[str, Any]:
    """Receive messages and put them as Lambda's event source mapping does.

    https://docs.aws.amazon.com/lambda/latest/dg/with-sqs.html#example-standard-queue-message-event
    """
    records: list[dict[str, Any]] = []
    while len(records) < count:
        answer = pipeline.client.receive_message(
            QueueUrl=pipeline.url,
            MaxNumberOfMessages=10,
            MessageSystemAttributeNames=["All"],
            MessageAttributeNames=["All"],
            VisibilityTimeout=60,
        )
        for message in answer["Messages"]:
            records.append(
                {
                    "messageId": message["MessageId"],
                    "receiptHandle": message["ReceiptHandle"],
                    "body": message["Body"],
                    "attributes": message["Attributes"],
                    "messageAttributes": {
                        name: {
                            "stringValue": attribute.get("StringValue"),
                            "stringListValues": [],
                            "binaryListValues": [],
                            "dataType": attribute["DataType"],
                        }
                        for name, attribute in message.get("MessageAttributes", {}).items()
                    },
                    "md5OfBody": message["MD5OfBody"],
                    "eventSource": "aws:sqs",
                    "eventSourceARN": "arn:aws:sqs:us-east-1:123456789012:login-queue",
                    "awsRegion": "us-east-1",
                }
            )
    return {"Records": records}


def failures(answer: dict[str, list[dict[str, str]]]) -> list[str]:
    return [failure["itemIdentifier"] for failure in answer["batchItemFailures"]]


def test_an_event_lands_in_one_transaction_as_the_loader_lands_it(function: Pipeline) -> None:
    attributes: Any = {"source": {"DataType": "String", "StringValue": "web"}}
    for number in range(2):
        function.client.send_message(
            QueueUrl=function.url, MessageBody=login(1), MessageAttributes=attributes
        )
        if number == 0:
            function.load()
    function.send([*logins(30), "{"])
    received = event(function, 32)
    assert failures(lambda_handler.handler(received, None)) == []
    assert function.value("select count(*) from raw.raw_logins") == 32
    assert function.value("select count(*) from raw.quarantined_messages") == 1
    assert function.sql(
        "select received, landed, quarantined from raw.loads order by loaded_at desc limit 1"
    ) == [(32, 31, 1)]
    same = function.sql(
        "select attributes -> 'message', body from raw.raw_logins where attributes ? 'message'"
        " and attributes -> 'message' <> '{}'"
    )
    assert len(same) == 2
    assert same[0] == same[1]

    # Delivered again, to a process that is still warm
    assert failures(lambda_handler.handler(received, None)) == []
    assert function.value("select count(*) from raw.raw_logins") == 32


def test_a_damaged_record_is_given_back_and_its_neighbours_land(function: Pipeline) -> None:
    function.send(logins(5))
    received = event(function, 5)
    damaged, strange = received["Records"][1], received["Records"][3]
    damaged["body"] = damaged["body"].replace("user", "USER")
    del strange["body"]
    answer = lambda_handler.handler(received, None)
    assert failures(answer) == [damaged["messageId"], strange["messageId"]]
    assert function.value("select count(*) from raw.raw_logins") == 3


def test_a_record_without_an_id_gives_the_batch_back() -> None:
    """An empty identifier is a complete failure, says AWS: nothing is lost."""
    record = {"eventSource": "aws:sqs"}
    assert failures(lambda_handler.handler({"Records": [record]}, None)) == [""]


@pytest.mark.parametrize(
    "event",
    [
        {},
        {"Records": []},
        {"Records": [{}]},
        {"Records": [{"EventSource": "aws:sns", "Sns": {"Message": "192.0.2.1"}}]},
        {"Records": [{"eventSource": "aws:s3", "s3": {}}]},
        {"source": "aws.events", "detail-type": "Login", "detail": {"ip": "192.0.2.1"}},
    ],
)
def test_an_event_of_another_service_raises(event: dict[str, Any]) -> None:
    """Its sender takes any answer for a success, and the event would be lost."""
    with pytest.raises(ValueError, match="not an event of SQS") as raised:
        lambda_handler.handler(event, None)
    assert "192.0." not in str(raised.value)


def test_without_postgres_everything_is_given_back(
    function: Pipeline, caplog: pytest.LogCaptureFixture
) -> None:
    function.send(logins(3))
    received = event(function, 3)
    with patch.dict(os.environ, {"PGPORT": "1"}):
        answer = lambda_handler.handler(received, None)
    assert failures(answer) == [record["messageId"] for record in received["Records"]]
    assert "cannot reach Postgres" in caplog.text
    assert "192.0." not in caplog.text + json.dumps(answer)
    assert failures(lambda_handler.handler(received, None)) == []


def test_a_statement_that_is_slow_ends_before_the_function_does(
    function: Pipeline, caplog: pytest.LogCaptureFixture
) -> None:
    """By PGOPTIONS, as deploy/template.yaml sets it with a longer time."""
    function.send(logins(3))
    received = event(function, 3)
    with (
        patch.dict(os.environ, {"PGOPTIONS": "-c statement_timeout=200ms"}),
        slowed(function, "raw.raw_logins", seconds=30),
    ):
        answer = lambda_handler.handler(received, None)
    assert failures(answer) == [record["messageId"] for record in received["Records"]]
    assert "canceling statement due to statement timeout" in caplog.text
    assert function.value("select count(*) from raw.raw_logins") == 0
    assert failures(lambda_handler.handler(received, None)) == []
    assert function.value("select count(*) from raw.raw_logins") == 3


def test_a_connection_that_was_cut_between_events_is_made_anew(function: Pipeline) -> None:
    function.send(logins(2))
    first, second = event(function, 2)["Records"]
    assert failures(lambda_handler.handler({"Records": [first]}, None)) == []
    function.sql(
        "select pg_terminate_backend(pid) from pg_stat_activity"
        " where datname = current_database() and application_name = 'loader'"
    )
    assert failures(lambda_handler.handler({"Records": [second]}, None)) == []
    assert function.value("select count(*) from raw.raw_logins") == 2


def test_what_nobody_thought_of_gives_everything_back(
    function: Pipeline, caplog: pytest.LogCaptureFixture
) -> None:
    function.send(logins(1))
    received = event(function, 1)
    with patch.object(lambda_handler, "land", side_effect=ZeroDivisionError("192.0.2.1")):
        answer = lambda_handler.handler(received, None)
    assert failures(answer) == [received["Records"][0]["messageId"]]
    assert "ZeroDivisionError" in caplog.text
    assert "192.0." not in caplog.text
