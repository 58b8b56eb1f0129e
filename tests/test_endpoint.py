"""The benchmarks' SQS endpoint follows AWS's rules.

The contract is checked on the sandbox's endpoint as well. Where that differs from AWS, it says so.
"""

import hashlib
import http.client
import itertools
import json
import threading
import time
from collections.abc import Iterator
from dataclasses import dataclass
from typing import Any
from urllib.parse import urlsplit

import pytest
from botocore.exceptions import ClientError
from mypy_boto3_sqs.client import SQSClient

from sandbox.fake_sqs.endpoint import Endpoint
from sandbox.sqs import make_client

NUMBERS = itertools.count(1)
KEYS = {"AWS_REGION": "us-east-1", "AWS_ACCESS_KEY_ID": "a", "AWS_SECRET_ACCESS_KEY": "b"}


@dataclass
class Sqs:
    """A client, and a queue of its own for the test."""

    client: SQSClient
    endpoint_url: str
    url: str = ""

    def make_queue(self, suffix: str = "", **attributes: str) -> str:
        name = f"contract-{next(NUMBERS)}{suffix}"
        return self.client.create_queue(
            QueueName=name,
            Attributes=attributes,  # type: ignore[arg-type]
        )["QueueUrl"]

    def send(self, body: str, **more: Any) -> str:
        return self.client.send_message(QueueUrl=self.url, MessageBody=body, **more)["MessageId"]

    def receive(self, wait: int = 0, most: int = 10, **more: Any) -> list[Any]:
        found = self.client.receive_message(
            QueueUrl=more.pop("url", self.url),
            MaxNumberOfMessages=most,
            WaitTimeSeconds=wait,
            MessageSystemAttributeNames=["All"],
            MessageAttributeNames=["All"],
            **more,
        )
        return list(found.get("Messages", []))

    def delete(self, message: Any) -> None:
        self.client.delete_message(QueueUrl=self.url, ReceiptHandle=message["ReceiptHandle"])

    def hide(self, message: Any, seconds: int) -> None:
        self.client.change_message_visibility(
            QueueUrl=self.url, ReceiptHandle=message["ReceiptHandle"], VisibilityTimeout=seconds
        )

    def counters(self) -> tuple[int, int, int]:
        """Messages waiting, in flight and delayed."""
        attributes = self.client.get_queue_attributes(QueueUrl=self.url, AttributeNames=["All"])[
            "Attributes"
        ]
        return (
            int(attributes["ApproximateNumberOfMessages"]),
            int(attributes["ApproximateNumberOfMessagesNotVisible"]),
            int(attributes["ApproximateNumberOfMessagesDelayed"]),
        )


@pytest.fixture(params=["ours", "sandbox"])
def sqs(request: pytest.FixtureRequest) -> Iterator[Sqs]:
    if request.param == "sandbox":
        settings = request.getfixturevalue("servers")
        made = Sqs(make_client(settings), settings["AWS_ENDPOINT_URL"])
        made.url = made.make_queue(VisibilityTimeout="30")
        yield made
    else:
        with Endpoint() as endpoint:
            made = Sqs(make_client({**KEYS, "AWS_ENDPOINT_URL": endpoint.url}), endpoint.url)
            made.url = made.make_queue(VisibilityTimeout="30")
            yield made
    made.client.close()


def sandbox_differs(how: str) -> pytest.MarkDecorator:
    """AWS's rule is checked on our endpoint; the sandbox's is known to break it."""
    differs = pytest.param("sandbox", marks=pytest.mark.xfail(strict=True, reason=how))
    return pytest.mark.parametrize("sqs", ["ours", differs], indirect=True)


def code_of(raised: pytest.ExceptionInfo[ClientError]) -> str:
    return raised.value.response["Error"]["Code"]


def test_a_message_comes_as_it_was_sent(sqs: Sqs) -> None:
    body = '{"note": "ü and 😀"}\t\r\n'
    before = time.time() * 1000
    source = {"source": {"DataType": "String", "StringValue": "web"}}
    sent = sqs.send(body, MessageAttributes=source)
    (message,) = sqs.receive()
    assert message["MessageId"] == sent
    assert message["Body"] == body
    assert message["MD5OfBody"] == hashlib.md5(body.encode(), usedforsecurity=False).hexdigest()
    assert message["MessageAttributes"] == source
    assert message["Attributes"]["ApproximateReceiveCount"] == "1"
    for name in ("SentTimestamp", "ApproximateFirstReceiveTimestamp"):
        assert abs(int(message["Attributes"][name]) - before) < 5000


def test_only_attributes_asked_for_come_along(sqs: Sqs) -> None:
    sqs.send("{}", MessageAttributes={"source": {"DataType": "String", "StringValue": "web"}})
    (message,) = sqs.client.receive_message(
        QueueUrl=sqs.url, MessageSystemAttributeNames=["SentTimestamp"]
    )["Messages"]
    assert list(message["Attributes"]) == ["SentTimestamp"]
    assert "MessageAttributes" not in message


def test_a_queue_tells_its_attributes(sqs: Sqs) -> None:
    name = sqs.url.rpartition("/")[2]
    assert sqs.client.get_queue_url(QueueName=name)["QueueUrl"] == sqs.url
    again = sqs.client.create_queue(QueueName=name, Attributes={"VisibilityTimeout": "30"})
    assert again["QueueUrl"] == sqs.url
    sqs.client.set_queue_attributes(QueueUrl=sqs.url, Attributes={"VisibilityTimeout": "7"})
    attributes = sqs.client.get_queue_attributes(
        QueueUrl=sqs.url, AttributeNames=["QueueArn", "VisibilityTimeout"]
    )["Attributes"]
    assert attributes == {
        "QueueArn": f"arn:aws:sqs:us-east-1:000000000000:{name}",
        "VisibilityTimeout": "7",
    }
    with pytest.raises(ClientError) as raised:
        sqs.client.create_queue(QueueName=name, Attributes={"VisibilityTimeout": "30"})
    assert code_of(raised) == "QueueAlreadyExists"


def test_a_queue_that_is_not_there(sqs: Sqs) -> None:
    sqs.client.delete_queue(QueueUrl=sqs.url)
    with pytest.raises(sqs.client.exceptions.QueueDoesNotExist) as raised:
        sqs.receive()
    assert code_of(raised) == "AWS.SimpleQueueService.NonExistentQueue"
    with pytest.raises(sqs.client.exceptions.QueueDoesNotExist):
        sqs.client.get_queue_url(QueueName=sqs.url.rpartition("/")[2])


def test_counters_follow_a_message(sqs: Sqs) -> None:
    sqs.send("{}", DelaySeconds=1)
    assert sqs.counters() == (0, 0, 1)
    (message,) = sqs.receive(wait=5)
    assert sqs.counters() == (0, 1, 0)
    sqs.hide(message, 0)
    assert sqs.counters() == (1, 0, 0)
    sqs.delete(sqs.receive()[0])
    assert sqs.counters() == (0, 0, 0)


def test_ten_messages_a_receive_at_most(sqs: Sqs) -> None:
    for number in range(12):
        sqs.send(f"{number}")
    assert [len(sqs.receive()), len(sqs.receive()), len(sqs.receive())] == [10, 2, 0]
    for wrong in ({"most": 11}, {"most": 0}):
        with pytest.raises(ClientError) as raised:
            sqs.receive(**wrong)
        assert code_of(raised) == "InvalidParameterValue"


def test_each_receive_has_a_handle_of_its_own(sqs: Sqs) -> None:
    sqs.send("{}")
    (first,) = sqs.receive(VisibilityTimeout=1)
    assert sqs.receive() == []
    (second,) = sqs.receive(wait=5)
    assert second["MessageId"] == first["MessageId"]
    assert second["ReceiptHandle"] != first["ReceiptHandle"]
    assert second["Attributes"]["ApproximateReceiveCount"] == "2"
    assert (
        second["Attributes"]["ApproximateFirstReceiveTimestamp"]
        == first["Attributes"]["ApproximateFirstReceiveTimestamp"]
    )
    sqs.delete(second)
    assert sqs.counters() == (0, 0, 0)


@sandbox_differs("refuses an older handle as invalid")
def test_an_older_handle_deletes_nothing_and_reports_success(sqs: Sqs) -> None:
    sqs.send("{}")
    (first,) = sqs.receive()
    sqs.hide(first, 0)
    (second,) = sqs.receive()
    sqs.delete(first)
    answer = sqs.client.delete_message_batch(
        QueueUrl=sqs.url, Entries=[{"Id": "a", "ReceiptHandle": first["ReceiptHandle"]}]
    )
    assert [entry["Id"] for entry in answer["Successful"]] == ["a"]
    assert sqs.counters() == (0, 1, 0)
    sqs.delete(second)
    assert sqs.counters() == (0, 0, 0)


@sandbox_differs("refuses the handle of a deleted message as invalid")
def test_a_message_can_be_deleted_twice(sqs: Sqs) -> None:
    sqs.send("{}")
    (message,) = sqs.receive()
    sqs.delete(message)
    sqs.delete(message)
    with pytest.raises(ClientError) as raised:
        sqs.hide(message, 1)
    assert code_of(raised) == "InvalidParameterValue"


def test_the_latest_handle_outlives_the_visibility_timeout(sqs: Sqs) -> None:
    sqs.send("{}")
    (message,) = sqs.receive()
    sqs.hide(message, 0)
    sqs.delete(message)
    assert sqs.counters() == (0, 0, 0)


def test_what_is_no_handle_is_invalid(sqs: Sqs) -> None:
    nothing = {"ReceiptHandle": "none"}
    with pytest.raises(sqs.client.exceptions.ReceiptHandleIsInvalid):
        sqs.delete(nothing)
    with pytest.raises(sqs.client.exceptions.ReceiptHandleIsInvalid):
        sqs.hide(nothing, 0)
    sqs.send("{}")
    (message,) = sqs.receive()
    answer = sqs.client.delete_message_batch(
        QueueUrl=sqs.url,
        Entries=[
            {"Id": "wrong", "ReceiptHandle": "none"},
            {"Id": "right", "ReceiptHandle": message["ReceiptHandle"]},
        ],
    )
    (failed,) = answer["Failed"]
    assert (failed["Id"], failed["Code"], failed["SenderFault"]) == (
        "wrong",
        "ReceiptHandleIsInvalid",
        True,
    )
    assert [entry["Id"] for entry in answer["Successful"]] == ["right"]
    assert sqs.counters() == (0, 0, 0)


def test_visibility_can_be_extended_and_given_up_in_batches(sqs: Sqs) -> None:
    sqs.send("kept")
    sqs.send("given up")
    messages = sqs.receive(VisibilityTimeout=1)
    answer = sqs.client.change_message_visibility_batch(
        QueueUrl=sqs.url,
        Entries=[
            {
                "Id": str(number),
                "ReceiptHandle": message["ReceiptHandle"],
                "VisibilityTimeout": 20 if message["Body"] == "kept" else 0,
            }
            for number, message in enumerate(messages)
        ],
    )
    assert len(answer["Successful"]) == 2
    time.sleep(1.1)
    assert [message["Body"] for message in sqs.receive()] == ["given up"]
    assert sqs.counters() == (0, 2, 0)


@sandbox_differs("hides a message that is not in flight")
def test_only_what_is_in_flight_can_be_hidden(sqs: Sqs) -> None:
    sqs.send("{}")
    (message,) = sqs.receive()
    sqs.hide(message, 0)
    with pytest.raises(sqs.client.exceptions.MessageNotInflight) as raised:
        sqs.hide(message, 10)
    assert code_of(raised) == "AWS.SimpleQueueService.MessageNotInflight"


@pytest.mark.parametrize(
    ("ids", "code"),
    [
        ([], "EmptyBatchRequest"),
        ([str(number) for number in range(11)], "TooManyEntriesInBatchRequest"),
        (["a", "a"], "BatchEntryIdsNotDistinct"),
        (["a b"], "InvalidBatchEntryId"),
    ],
)
def test_a_batch_out_of_order_is_refused_as_a_whole(sqs: Sqs, ids: list[str], code: str) -> None:
    with pytest.raises(ClientError) as raised:
        sqs.client.delete_message_batch(
            QueueUrl=sqs.url, Entries=[{"Id": name, "ReceiptHandle": "none"} for name in ids]
        )
    assert code_of(raised) == f"AWS.SimpleQueueService.{code}"


def test_a_message_and_a_batch_hold_one_mebibyte(sqs: Sqs) -> None:
    largest = "x" * 1024 * 1024
    sqs.send(largest)
    (message,) = sqs.receive()
    assert message["Body"] == largest
    with pytest.raises(ClientError) as raised:
        sqs.send(largest + "x")
    assert code_of(raised) == "InvalidParameterValue"
    with pytest.raises(ClientError) as raised:
        sqs.client.send_message_batch(
            QueueUrl=sqs.url,
            Entries=[{"Id": "a", "MessageBody": largest}, {"Id": "b", "MessageBody": "x"}],
        )
    assert code_of(raised) == "AWS.SimpleQueueService.BatchRequestTooLong"


def test_characters_outside_xml_are_refused(sqs: Sqs) -> None:
    with pytest.raises(ClientError) as raised:
        sqs.send("a\0b")
    assert code_of(raised) == "InvalidMessageContents"
    answer = sqs.client.send_message_batch(
        QueueUrl=sqs.url,
        Entries=[{"Id": "a", "MessageBody": "\x01"}, {"Id": "b", "MessageBody": "fine"}],
    )
    assert [entry["Id"] for entry in answer["Failed"]] == ["a"]
    assert [message["Body"] for message in sqs.receive()] == ["fine"]


def test_a_long_poll_wakes_for_a_message(sqs: Sqs) -> None:
    sender = threading.Timer(0.5, sqs.send, ["{}"])
    sender.start()
    assert len(sqs.receive(wait=20)) == 1
    sender.join()


@sandbox_differs("hands messages out to a client that has gone")
def test_a_client_that_has_gone_gets_no_messages(sqs: Sqs) -> None:
    client = http.client.HTTPConnection(urlsplit(sqs.endpoint_url).netloc)
    client.request(
        "POST",
        "/",
        json.dumps({"QueueUrl": sqs.url, "WaitTimeSeconds": 10}),
        {
            "X-Amz-Target": "AmazonSQS.ReceiveMessage",
            "Content-Type": "application/x-amz-json-1.0",
            "Authorization": "AWS4-HMAC-SHA256 Credential=a/20260101/us-east-1/sqs/aws4_request",
        },
    )
    time.sleep(0.3)  # for the request to arrive
    client.close()
    time.sleep(0.3)  # for the end of the connection to be seen
    sqs.send("{}")
    time.sleep(0.3)  # for the long poll to take it
    assert sqs.counters() == (1, 0, 0)


def test_a_message_received_too_often_moves_to_the_dead_letter_queue(sqs: Sqs) -> None:
    dead_letters = sqs.make_queue()
    arn = dead_letters.rpartition("/")[2]
    policy = {
        "deadLetterTargetArn": f"arn:aws:sqs:us-east-1:000000000000:{arn}",
        "maxReceiveCount": 2,
    }
    sqs.client.set_queue_attributes(
        QueueUrl=sqs.url, Attributes={"RedrivePolicy": json.dumps(policy)}
    )
    sent = sqs.send("{}")
    for _ in range(2):
        (message,) = sqs.receive(VisibilityTimeout=0)
        assert sqs.receive(url=dead_letters) == []
    assert sqs.receive() == []
    (dead,) = sqs.receive(url=dead_letters)
    assert dead["MessageId"] == sent
    assert dead["Attributes"]["SentTimestamp"] == message["Attributes"]["SentTimestamp"]
    assert dead["Attributes"]["DeadLetterQueueSourceArn"].endswith(sqs.url.rpartition("/")[2])
    assert sqs.counters() == (0, 0, 0)


@sandbox_differs("calls it InvalidAttributeValue")
def test_a_dead_letter_queue_has_to_be_there(sqs: Sqs) -> None:
    policy = {"deadLetterTargetArn": "arn:aws:sqs:us-east-1:000000000000:no", "maxReceiveCount": 2}
    with pytest.raises(ClientError) as raised:
        sqs.make_queue(RedrivePolicy=json.dumps(policy))
    assert code_of(raised) == "InvalidParameterValue"


def fifo(sqs: Sqs, **attributes: str) -> None:
    sqs.url = sqs.make_queue(
        ".fifo", FifoQueue="true", ContentBasedDeduplication="true", **attributes
    )


def test_fifo_blocks_a_group_while_one_of_its_messages_is_in_flight(sqs: Sqs) -> None:
    fifo(sqs)
    for body in ("a1", "a2", "a3"):
        sqs.send(body, MessageGroupId="a")
    (first,) = sqs.receive(most=1)
    sqs.send("b1", MessageGroupId="b")
    assert first["Body"] == "a1"
    assert first["Attributes"]["MessageGroupId"] == "a"
    assert [message["Body"] for message in sqs.receive()] == ["b1"]
    assert sqs.receive() == []
    sqs.hide(first, 0)
    messages = sqs.receive()
    assert [message["Body"] for message in messages] == ["a1", "a2", "a3"]
    numbers = [message["Attributes"]["SequenceNumber"] for message in messages]
    assert numbers == sorted(set(numbers))
    for message in messages:
        sqs.delete(message)
    assert sqs.counters() == (0, 1, 0)


def test_fifo_long_poll_wakes_when_a_group_is_free(sqs: Sqs) -> None:
    fifo(sqs)
    for body in ("a1", "a2"):
        sqs.send(body, MessageGroupId="a")
    (first,) = sqs.receive(most=1)
    deleter = threading.Timer(0.5, sqs.delete, [first])
    deleter.start()
    assert [message["Body"] for message in sqs.receive(wait=20)] == ["a2"]
    deleter.join()


def test_fifo_moves_poison_aside_and_goes_on(sqs: Sqs) -> None:
    dead_letters = sqs.make_queue(".fifo", FifoQueue="true")
    name = dead_letters.rpartition("/")[2]
    policy = {
        "deadLetterTargetArn": f"arn:aws:sqs:us-east-1:000000000000:{name}",
        "maxReceiveCount": 1,
    }
    fifo(sqs, RedrivePolicy=json.dumps(policy))
    sqs.send("poison", MessageGroupId="a")
    (poison,) = sqs.receive()
    sqs.send("healthy", MessageGroupId="a")
    sqs.hide(poison, 0)
    assert [message["Body"] for message in sqs.receive()] == ["healthy"]
    assert [message["Body"] for message in sqs.receive(url=dead_letters)] == ["poison"]


@sandbox_differs("lets an expired handle delete in a FIFO queue")
def test_fifo_refuses_an_expired_handle(sqs: Sqs) -> None:
    fifo(sqs)
    sqs.send("a1", MessageGroupId="a")
    (message,) = sqs.receive()
    sqs.hide(message, 0)
    with pytest.raises(ClientError) as raised:
        sqs.delete(message)
    assert code_of(raised) == "InvalidParameterValue"
    assert sqs.counters() == (1, 0, 0)


def test_fifo_sends_the_same_only_once(sqs: Sqs) -> None:
    fifo(sqs)
    first = sqs.send("a1", MessageGroupId="a")
    assert sqs.send("a1", MessageGroupId="a") == first
    assert sqs.send("a1", MessageGroupId="a", MessageDeduplicationId="other") != first
    assert sqs.counters() == (2, 0, 0)
    with pytest.raises(ClientError) as raised:
        sqs.send("a2")
    assert code_of(raised) == "MissingParameter"
