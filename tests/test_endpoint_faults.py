"""The benchmarks' SQS endpoint goes wrong as it is told to, and runs as a process of its own."""

import hashlib
import http.client
import ipaddress
import json
import subprocess
import sys
import time
from collections.abc import Iterator
from typing import Any
from urllib.parse import urlsplit

import boto3
import pytest
from botocore.config import Config
from botocore.exceptions import (
    ClientError,
    ConnectionClosedError,
    ReadTimeoutError,
)
from mypy_boto3_sqs.client import SQSClient

from sandbox.fake_sqs.bodies import NETWORKS, bodies
from sandbox.fake_sqs.endpoint import Endpoint
from sandbox.fake_sqs.faults import KINDS, Fault
from tests.conftest import ROOT

QUEUE = "login-queue"


@pytest.fixture
def endpoint() -> Iterator[Endpoint]:
    with Endpoint() as running:
        running.fill(QUEUE, 4)
        yield running


@pytest.fixture
def client(endpoint: Endpoint) -> Iterator[SQSClient]:
    made = make_client(endpoint.url)
    yield made
    made.close()


def make_client(url: str) -> SQSClient:
    """A client that shows every fault instead of trying again."""
    return boto3.Session().client(
        "sqs",
        endpoint_url=url,
        region_name="us-east-1",
        aws_access_key_id="a",
        aws_secret_access_key="b",
        config=Config(retries={"total_max_attempts": 1}, read_timeout=1),
    )


def receive(client: SQSClient) -> list[Any]:
    answer = client.receive_message(QueueUrl=f"/0/{QUEUE}", MaxNumberOfMessages=10)
    return list(answer.get("Messages", []))


def entries(messages: list[Any]) -> list[Any]:
    return [
        {"Id": str(number), "ReceiptHandle": message["ReceiptHandle"]}
        for number, message in enumerate(messages)
    ]


def delete(client: SQSClient, messages: list[Any]) -> Any:
    return client.delete_message_batch(QueueUrl=f"/0/{QUEUE}", Entries=entries(messages))


def state(endpoint: Endpoint) -> tuple[int, int]:
    """Messages that wait, and messages in flight."""
    queue = endpoint.queue(QUEUE)
    return queue.waiting, queue.in_flight


@pytest.mark.parametrize(
    ("kind", "code", "status"),
    [
        ("throttle", "ThrottlingException", 400),
        ("denied", "AccessDeniedException", 400),
        ("expired", "ExpiredTokenException", 403),
        ("kms_denied", "KMS.AccessDeniedException", 400),
        ("skewed", "RequestTimeTooSkewed", 403),
        ("late", "RequestExpired", 400),
        ("signature_expired", "SignatureDoesNotMatch", 403),
        ("signature", "SignatureDoesNotMatch", 403),
        ("unavailable", "ServiceUnavailable", 503),
        ("bad_gateway", "502", 502),
    ],
)
def test_a_refused_call_does_nothing(
    endpoint: Endpoint, client: SQSClient, kind: str, code: str, status: int
) -> None:
    endpoint.inject(Fault(action="ReceiveMessage", kind=kind, times=1))
    with pytest.raises(ClientError) as raised:
        receive(client)
    assert raised.value.response["Error"]["Code"] == code
    assert raised.value.response["ResponseMetadata"]["HTTPStatusCode"] == status
    assert state(endpoint) == (4, 0)
    assert len(receive(client)) == 4
    assert endpoint.calls["ReceiveMessage"] == 2


@pytest.mark.parametrize(("kind", "left"), [("blank", (4, 0)), ("html", (4, 0)), ("cut", (0, 4))])
def test_an_answer_that_boto3_takes_for_an_empty_queue(
    endpoint: Endpoint, client: SQSClient, kind: str, left: tuple[int, int]
) -> None:
    endpoint.inject(Fault(action="ReceiveMessage", kind=kind, times=1))
    assert receive(client) == []
    assert state(endpoint) == left


@pytest.mark.parametrize(
    ("kind", "left"), [("dropped", (4, 0)), ("lost", (0, 4)), ("truncated", (0, 4))]
)
def test_an_answer_that_does_not_arrive(
    endpoint: Endpoint, client: SQSClient, kind: str, left: tuple[int, int]
) -> None:
    endpoint.inject(Fault(action="ReceiveMessage", kind=kind, times=1))
    with pytest.raises(ConnectionClosedError):
        receive(client)
    assert state(endpoint) == left


def test_a_hanging_call_holds_up_no_other_and_takes_nothing_with_it(
    endpoint: Endpoint, client: SQSClient
) -> None:
    endpoint.inject(Fault(action="ReceiveMessage", kind="hang", seconds=60, times=1))
    with pytest.raises(ReadTimeoutError):
        receive(client)
    assert state(endpoint) == (4, 0)
    assert len(receive(client)) == 4


def test_a_damaged_body_is_not_the_one_of_its_checksum(
    endpoint: Endpoint, client: SQSClient
) -> None:
    endpoint.inject(Fault(action="ReceiveMessage", kind="damaged"))
    for message in receive(client):
        json.loads(message["Body"])
        found = hashlib.md5(message["Body"].encode(), usedforsecurity=False).hexdigest()
        assert found != message["MD5OfBody"]


def test_a_partial_batch_fails_every_second_entry(endpoint: Endpoint, client: SQSClient) -> None:
    messages = receive(client)
    endpoint.inject(Fault(kind="partial", times=1))
    answer = delete(client, messages)
    assert [entry["Id"] for entry in answer["Successful"]] == ["1", "3"]
    assert [(entry["Id"], entry["Code"], entry["SenderFault"]) for entry in answer["Failed"]] == [
        ("0", "InternalError", False),
        ("2", "InternalError", False),
    ]
    assert set(endpoint.queue(QUEUE).messages) == {
        messages[0]["MessageId"],
        messages[2]["MessageId"],
    }
    assert len(delete(client, messages)["Successful"]) == 4
    assert state(endpoint) == (0, 0)


def test_a_lost_delete_is_carried_out(endpoint: Endpoint, client: SQSClient) -> None:
    messages = receive(client)
    endpoint.inject(Fault(action="DeleteMessageBatch", kind="lost", times=1))
    with pytest.raises(ConnectionClosedError):
        delete(client, messages)
    assert state(endpoint) == (0, 0)


def test_a_deleted_message_comes_again(endpoint: Endpoint, client: SQSClient) -> None:
    messages = receive(client)
    endpoint.inject(Fault(action="DeleteMessageBatch", kind="again", times=1))
    assert len(delete(client, messages)["Successful"]) == 4
    again = receive(client)
    assert {m["MessageId"] for m in again} == {m["MessageId"] for m in messages}
    delete(client, again)
    assert state(endpoint) == (0, 0)


def test_a_message_comes_twice_in_one_answer(endpoint: Endpoint, client: SQSClient) -> None:
    endpoint.inject(Fault(action="ReceiveMessage", kind="twice", times=1))
    messages = receive(client)
    assert len(messages) == 8
    first, second = messages[:2]
    assert first["MessageId"] == second["MessageId"]
    delete(client, [first])
    assert state(endpoint) == (0, 4)
    delete(client, [second])
    assert state(endpoint) == (0, 3)


def test_a_fault_hits_when_it_should(endpoint: Endpoint, client: SQSClient) -> None:
    def refused() -> bool:
        try:
            client.get_queue_url(QueueName=QUEUE)
        except ClientError:
            return True
        return False

    fault = endpoint.inject(Fault(kind="throttle", after=1, times=2))
    assert [refused() for _ in range(4)] == [False, True, True, False]
    assert fault.hits == 2
    endpoint.inject(Fault(kind="throttle", seconds=0.5))
    assert refused()
    time.sleep(0.6)
    assert not refused()
    endpoint.inject(Fault(kind="throttle"))
    endpoint.inject(Fault(kind="denied", action="ReceiveMessage"))
    assert refused()
    endpoint.clear()
    assert not refused()
    assert endpoint.calls["GetQueueUrl"] == 8


@pytest.mark.parametrize(
    "wrong",
    [
        {"kind": "no such"},
        {"kind": "twice", "action": "DeleteMessage"},
        {"kind": "partial", "action": "ReceiveMessage"},
        {"kind": "hang"},
    ],
)
def test_a_fault_that_cannot_be_is_refused(wrong: dict[str, str]) -> None:
    with pytest.raises(ValueError, match=r"fault|hang"):
        Fault(**wrong)  # type: ignore[arg-type]


def test_every_kind_of_fault_is_checked_here() -> None:
    source = (ROOT / "tests" / "test_endpoint_faults.py").read_text()
    assert [kind for kind in KINDS if f'"{kind}"' not in source] == []


def test_the_endpoint_runs_as_a_process_of_its_own() -> None:
    command = [
        sys.executable,
        "-m",
        "sandbox.fake_sqs.endpoint",
        "--queue",
        QUEUE,
        "--messages",
        "3",
    ]
    with subprocess.Popen(
        command, stdin=subprocess.PIPE, stdout=subprocess.PIPE, text=True, cwd=ROOT
    ) as process:
        assert process.stdout is not None
        url = process.stdout.readline().strip()
        client = make_client(url)
        messages = receive(client)
        assert len(messages) == 3
        control = http.client.HTTPConnection(urlsplit(url).netloc)
        control.request("POST", f"/_fill?queue={QUEUE}&messages=5&body_bytes=2000")
        control.getresponse().read()
        assert [len(message["Body"]) for message in receive(client)] == [2000] * 5
        delete(client, messages)
        control.request("GET", "/_stats")
        stats = json.load(control.getresponse())
        control.close()
        assert stats["calls"] == {"ReceiveMessage": 1, "DeleteMessageBatch": 1}
        assert stats["left"] == 5
        assert 0 < stats["seconds"] < 60
        assert stats["cpu_seconds"] > 0
        client.close()
        process.communicate()
    assert process.returncode == 0


def test_bodies_are_logins_of_nobody() -> None:
    made = [json.loads(body) for body in bodies(1000)]
    for name in ("user_id", "device_id"):
        assert len({login[name] for login in made}) == 1000
    networks = [ipaddress.ip_network(f"{network}.0/24") for network in NETWORKS]
    assert all(any(ipaddress.ip_address(login["ip"]) in n for n in networks) for login in made)
    assert [len(body) for body in bodies(3, 1024 * 1024)] == [1024 * 1024] * 3
