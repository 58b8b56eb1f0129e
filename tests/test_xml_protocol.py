"""A server of the older XML protocol is drained as any other; what is not SQS is named."""

import hashlib
import json
import os
import subprocess
import threading
from collections import Counter
from collections.abc import Iterator, Sequence
from contextlib import contextmanager
from http.server import BaseHTTPRequestHandler, ThreadingHTTPServer
from pathlib import Path
from urllib.error import URLError
from urllib.parse import urlencode
from urllib.request import urlopen

import pytest

from sandbox.fake_sqs.endpoint import Endpoint
from sandbox.fake_sqs.faults import Fault
from sandbox.fake_sqs.http import Reply
from sandbox.process import server
from tests.conftest import Pipeline, one_line
from tests.logins import logins
from tests.test_loader import POISON
from tests.xml_endpoint import ELASTICMQ, LOCALSTACK, MOTO, XmlEndpoint

QUEUE = "old-queue"
ATTRIBUTES = {
    "source": {"DataType": "String", "StringValue": "web & <app>"},
    "n": {"DataType": "Number", "StringValue": "7"},
}
DRAINED = "received 25, landed 25, already there 0, quarantined 0, deleted 25;"


def aims_at(pipeline: Pipeline, url: str) -> None:
    pipeline.env |= {"AWS_ENDPOINT_URL": url, "LOGIN_QUEUE": QUEUE}


@contextmanager
def older(
    pipeline: Pipeline, bodies: Sequence[str], to_json: Reply = MOTO
) -> Iterator[XmlEndpoint]:
    """Put a server of the older protocol in the place of the sandbox's."""
    with XmlEndpoint(to_json) as endpoint:
        endpoint.send(QUEUE, bodies, ATTRIBUTES)
        aims_at(pipeline, endpoint.url)
        yield endpoint


@pytest.mark.parametrize("named_by", ["name", "url"])
@pytest.mark.parametrize("to_json", [MOTO, LOCALSTACK, ELASTICMQ], ids=["moto", "ls", "elasticmq"])
def test_it_is_found_out_and_drained(pipeline: Pipeline, to_json: Reply, named_by: str) -> None:
    # A line break that is not escaped would come back as "\n", and the MD5 would not match.
    bodies = [*logins(24), '{"user_id": "ü < & > 😀",\r\n "ip": "192.0.2.1"}']
    with older(pipeline, bodies, to_json) as endpoint:
        if named_by == "url":
            url = f"{endpoint.url}/000000000000/{QUEUE}"
            pipeline.env |= {"LOGIN_QUEUE": url, "AWS_ENDPOINT_URL": ""}
        loaded = pipeline.load("--wait", "5")
        assert loaded.code == 0, loaded.output
        assert DRAINED in loaded.stdout
        assert "speaks only the older XML protocol of SQS" in loaded.stderr
        assert endpoint.calls["JSON"] == 1
        assert endpoint.queue(QUEUE).messages == {}
    rows = pipeline.sql(
        "select body_md5, attributes, receive_count, sent_at between now() - interval '1 minute'"
        " and now() from raw.raw_logins"
    )
    md5 = [hashlib.md5(body.encode(), usedforsecurity=False).hexdigest() for body in bodies]
    assert Counter(row[0] for row in rows) == Counter(md5)
    for _, attributes, receive_count, is_recent in rows:
        assert attributes["message"] == ATTRIBUTES
        assert attributes["ApproximateReceiveCount"] == str(receive_count) == "1"
        assert is_recent


def test_poison_is_quarantined(pipeline: Pipeline) -> None:
    with older(pipeline, [*logins(17), *(body for body, _ in POISON.values())]) as endpoint:
        loaded = pipeline.load()
        assert loaded.code == 0, loaded.output
        assert "landed 17, already there 0, quarantined 8, deleted 25;" in loaded.stdout
        assert endpoint.queue(QUEUE).messages == {}
    quarantined = pipeline.sql("select body, sqlstate from raw.quarantined_messages")
    assert Counter(quarantined) == Counter(POISON.values())


@pytest.mark.parametrize("kind", ["partial", "bad_gateway", "html"])
def test_deletes_that_fail_are_tried_again(pipeline: Pipeline, kind: str) -> None:
    with older(pipeline, logins(25)) as endpoint:
        endpoint.faults = [Fault(kind, "DeleteMessageBatch", times=2)]
        loaded = pipeline.load()
        assert loaded.code == 0, loaded.output
        assert DRAINED in loaded.stdout
        assert endpoint.faults[0].hits == 2
        assert endpoint.queue(QUEUE).messages == {}


@pytest.mark.parametrize("kind", ["bad_gateway", "html", "blank", "damaged", "twice"])
def test_a_spoilt_answer_is_not_taken_for_an_empty_queue(pipeline: Pipeline, kind: str) -> None:
    with older(pipeline, logins(25)) as endpoint:
        endpoint.queue(QUEUE).attributes["VisibilityTimeout"] = "3"
        endpoint.faults = [Fault(kind, "ReceiveMessage", times=2)]
        loaded = pipeline.load("--wait", "15")
        assert loaded.code == 0, loaded.output
        assert endpoint.faults[0].hits == 2
        assert pipeline.value("select count(distinct body) from raw.raw_logins") == 25
        assert endpoint.queue(QUEUE).messages == {}


def test_a_queue_that_is_not_there_is_named(pipeline: Pipeline) -> None:
    with older(pipeline, []):
        outcome = pipeline.load("--wait", "0", LOGIN_QUEUE="missing")
        assert outcome.code == 2
        assert "queue 'missing' does not exist at http://127" in one_line(outcome)


def test_the_doctor_looks_at_it_too(pipeline: Pipeline) -> None:
    with older(pipeline, []):
        said = pipeline.vault("doctor").stdout
    for line in ("reached, and its attributes may be read", "sqs:DeleteMessage"):
        assert f"ok    queue: {line}" in said


@pytest.mark.parametrize("kind", ["bad_gateway", "html", "unavailable"])
def test_a_server_of_json_that_stumbles_is_not_taken_for_an_older_one(
    pipeline: Pipeline, kind: str
) -> None:
    with Endpoint() as endpoint:
        aims_at(pipeline, endpoint.url)
        endpoint.send(QUEUE, logins(25))
        fault = endpoint.inject(Fault(kind, times=3))
        loaded = pipeline.load()
        assert loaded.code == 0, loaded.output
        assert fault.hits == 3
        assert DRAINED in loaded.stdout
        assert "older" not in loaded.stderr


@contextmanager
def something(status: int, content_type: str, body: str) -> Iterator[str]:
    """Run a server that answers all the same; yield its URL, which holds a password."""

    class Answer(BaseHTTPRequestHandler):
        server_version, sys_version = "nginx/1.27", ""

        def do_POST(self) -> None:
            self.send_response(status)
            self.send_header("Content-Type", content_type)
            self.send_header("Content-Length", str(len(body)))
            self.end_headers()
            self.wfile.write(body.encode())

        def log_message(self, *_: object) -> None:
            pass

    with ThreadingHTTPServer(("127.0.0.1", 0), Answer) as running:
        threading.Thread(target=running.serve_forever, daemon=True).start()
        try:
            yield f"http://user:secret@127.0.0.1:{running.server_port}"
        finally:
            running.shutdown()


PAGE = "<html><body>192.0.2.7</body></html>"
PAGE_XML = '<?xml version="1.0"?><html xmlns="http://www.w3.org/1999/xhtml">192.0.2.7</html>'


@pytest.mark.parametrize("named_by", ["name", "url"])
@pytest.mark.parametrize(
    ("answer", "code"),
    [
        ((200, "text/html; charset=utf-8", PAGE), 1),
        ((200, "application/xhtml+xml", PAGE_XML), 1),
        ((404, "text/html", PAGE), 2),
        ((404, "application/json", '{"detail": "192.0.2.7"}'), 2),
        ((403, "application/xml", "<Error><Code>AccessDenied</Code>192.0.2.7</Error>"), 2),
        ((302, "text/html", PAGE), 2),
        ((502, "text/html", PAGE), 1),
    ],
)
def test_what_is_not_sqs_is_named(
    pipeline: Pipeline, answer: tuple[int, str, str], code: int, named_by: str
) -> None:
    status, content_type, _ = answer
    with something(*answer) as url:
        queue = QUEUE if named_by == "name" else f"{url}/000000000000/{QUEUE}"
        outcome = pipeline.load("--wait", "0", AWS_ENDPOINT_URL=url, LOGIN_QUEUE=queue)
        said = one_line(outcome)
        assert outcome.code == code
        kind = content_type.partition(";")[0]
        shown = url.replace("user:secret@", "")
        assert f"HTTP {status} {kind} by nginx/1.27 from {shown} is not SQS" in said
        for hidden in ("192.0.2.7", "secret"):
            assert hidden not in outcome.output


def test_a_postgres_port_is_not_sqs(pipeline: Pipeline) -> None:
    url = f"http://127.0.0.1:{pipeline.env['PGPORT']}"
    outcome = pipeline.load("--wait", "0", AWS_ENDPOINT_URL=url)
    assert outcome.code == 1
    assert f"cannot reach SQS at {url} (ConnectionClosedError)" in one_line(outcome)


@pytest.mark.skipif(
    "MOTO3_PYTHON" not in os.environ,
    reason="MOTO3_PYTHON does not name a Python with moto[server]==3.1.8, whose pins are not ours",
)
def test_the_real_moto_3_is_drained(pipeline: Pipeline, tmp_path: Path) -> None:
    start = "import sys; from moto.server import main; main(sys.argv[1:])"

    def is_ready(port: int) -> bool:
        try:
            with urlopen(f"http://127.0.0.1:{port}/moto-api/data.json"):
                return True
        except URLError:
            return False

    def call(url: str, **fields: str) -> None:
        form = urlencode({"Version": "2012-11-05"} | fields).encode()
        with urlopen(url, form) as answer:  # noqa: S310 our own URL
            assert answer.status == 200

    command = [os.environ["MOTO3_PYTHON"], "-c", start, "sqs", "-H", "127.0.0.1", "-p"]
    said = subprocess.run(
        [command[0], "-c", "import moto; print(moto.__version__)"],
        capture_output=True,
        text=True,
        check=True,
    )
    assert said.stdout.strip() == "3.1.8"
    log = tmp_path / "moto.log"
    with server(lambda port: [*command, str(port)], is_ready, log) as port:
        url = f"http://127.0.0.1:{port}"
        call(url, Action="CreateQueue", QueueName=QUEUE)
        for body in logins(25):
            call(
                f"{url}/123456789012/{QUEUE}",
                Action="SendMessage",
                MessageBody=body,
                **{
                    "MessageAttribute.1.Name": "source",
                    "MessageAttribute.1.Value.DataType": "String",
                    "MessageAttribute.1.Value.StringValue": "web",
                },
            )
        aims_at(pipeline, url)
        loaded = pipeline.load()
        assert loaded.code == 0, loaded.output
        assert DRAINED in loaded.stdout
        assert "received 0," in pipeline.load("--wait", "0").stdout
    rows = pipeline.sql("select body, attributes, sent_at from raw.raw_logins")
    assert Counter(json.dumps(body, sort_keys=True) for body, _, _ in rows) == Counter(
        json.dumps(json.loads(body), sort_keys=True) for body in logins(25)
    )
    for _, attributes, sent_at in rows:
        assert attributes["message"]["source"]["StringValue"] == "web"
        assert attributes["ApproximateReceiveCount"] == "1"
        assert sent_at is not None
