"""An SQS endpoint that speaks only the older query protocol: forms in, XML out.

The queues are those of the benchmarks' endpoint. Forms, answers and errors are those of version
2012-11-05 of the API:
https://docs.aws.amazon.com/AWSSimpleQueueService/latest/SQSDeveloperGuide/sqs-making-api-requests-xml.html
"""

import asyncio
import re
import threading
from collections import Counter
from collections.abc import Iterable
from http.server import BaseHTTPRequestHandler, ThreadingHTTPServer
from typing import Any
from urllib.parse import parse_qsl
from xml.sax.saxutils import escape

from sandbox.fake_sqs.actions import Actions
from sandbox.fake_sqs.endpoint import NOT_SQS
from sandbox.fake_sqs.faults import Fault
from sandbox.fake_sqs.http import QUERY_CODES, Reply
from sandbox.fake_sqs.queue import Message, Queue, SqsError

NAMESPACE = "http://queue.amazonaws.com/doc/2012-11-05/"

MOTO = Reply(
    b'<?xml version="1.0" encoding="UTF-8"?>\n<ErrorResponse>\n    <Error>\n'
    b"        <Code>AWS.SimpleQueueService.NonExistentQueue</Code>\n"
    b"        <Message>The specified queue does not exist for this wsdl version.</Message>\n"
    b"        \n        <RequestId>GDN3YVZFXD5G</RequestId>\n    </Error>\n</ErrorResponse>",
    400,
    "application/xml",
)
"""What moto 3.1.8 answers to GetQueueUrl, GetQueueAttributes and ReceiveMessage in JSON."""

LOCALSTACK = Reply(
    b"<?xml version='1.0' encoding='utf-8'?>\n"
    b'<ErrorResponse xmlns="http://queue.amazonaws.com/doc/2012-11-05/"><Error>'
    b"<Code>InternalError</Code><Message>exception while calling sqs with unknown operation: "
    b"Operation detection failed. Missing Action in request for query-protocol service "
    b"ServiceModel(sqs).</Message></Error><RequestId>0</RequestId></ErrorResponse>",
    500,
)
"""LocalStack before 3, with the Content-Type of the request: localstack issues 9610 and 9620."""

ELASTICMQ = Reply(
    b'<ErrorResponse xmlns="http://queue.amazonaws.com/doc/2012-11-05/">\n      <Error>\n'
    b"        <Type>Sender</Type>\n        <Code>MissingAction</Code>\n"
    b"        <Message>MissingAction; see the SQS docs.</Message>\n        <Detail/>\n"
    b"      </Error>\n      <RequestId>0</RequestId>\n    </ErrorResponse>",
    400,
    "text/xml; charset=UTF-8",
)
"""ElasticMQ before 1.4: alpine-sqs issue 59, elasticmq issue 812."""

LISTS = {"AttributeName": "AttributeNames", "MessageAttributeName": "MessageAttributeNames"}
ENTRY = re.compile(r"\w+RequestEntry\.(\d+)\.(\w+)")


class XmlEndpoint:
    """The endpoint, in threads of its own from entering until leaving."""

    def __init__(self, to_json: Reply = MOTO) -> None:
        self.to_json = to_json
        """The answer to a request in JSON."""
        self.calls: Counter[str] = Counter()
        """Calls by action; those in JSON are counted as "JSON"."""
        self.faults: list[Fault] = []
        endpoint = self

        class Handler(BaseHTTPRequestHandler):
            protocol_version = "HTTP/1.1"

            def do_POST(self) -> None:
                body = self.rfile.read(int(self.headers["Content-Length"]))
                is_form = self.headers["Content-Type"].startswith(
                    "application/x-www-form-urlencoded"
                )
                reply = endpoint.answer(body.decode() if is_form else None)
                self.send_response(reply.status)
                self.send_header("Content-Type", reply.content_type)
                self.send_header("Content-Length", str(len(reply.body)))
                self.end_headers()
                self.wfile.write(reply.body)

            def log_message(self, *_: object) -> None:
                pass

        self._server = ThreadingHTTPServer(("127.0.0.1", 0), Handler)
        self._server.daemon_threads = True
        self.url = f"http://127.0.0.1:{self._server.server_port}"
        self._actions = Actions(self.url)

    def __enter__(self) -> "XmlEndpoint":
        threading.Thread(target=self._server.serve_forever, daemon=True).start()
        return self

    def __exit__(self, *_: object) -> None:
        self._server.shutdown()
        self._server.server_close()

    def send(self, queue: str, bodies: Iterable[str], attributes: dict[str, Any]) -> None:
        """Send bodies, each with the same message attributes, to a queue, made if need be."""
        found = self._actions.create(queue, {})
        for body in bodies:
            with found.lock:
                found.send(Message(body, attributes))

    def queue(self, name: str) -> Queue:
        """Return a queue, to look at what is in it."""
        return self._actions.queues[name]

    def answer(self, form: str | None) -> Reply:
        """Answer a form; None stands for a request in JSON."""
        if form is None:
            self.calls["JSON"] += 1
            return self.to_json
        fields = dict(parse_qsl(form, keep_blank_values=True))
        action = fields["Action"]
        self.calls[action] += 1
        fault = next((fault.kind for fault in self.faults if fault.strikes(action)), "")
        if reply := NOT_SQS.get(fault):
            return reply
        try:
            result = asyncio.run(self._actions.perform(action, parameters(fields), fault))
            return Reply(
                document(f"{action}Response", element(f"{action}Result", result)),
                content_type="text/xml",
            )
        except SqsError as error:
            refused = {
                "Type": "Sender" if error.status < 500 else "Receiver",
                "Code": QUERY_CODES.get(error.code, error.code),
                "Message": str(error),
            }
            return Reply(
                document("ErrorResponse", element("Error", refused)), error.status, "text/xml"
            )


def parameters(fields: dict[str, str]) -> dict[str, Any]:
    """Return the fields of a form as the JSON protocol names them; an unknown one as it is."""
    found: dict[str, Any] = {}
    entries: dict[str, dict[str, str]] = {}
    for name, value in fields.items():
        if entry := ENTRY.fullmatch(name):
            entries.setdefault(entry[1], {})[entry[2]] = value
        else:
            found.setdefault(LISTS.get(name.partition(".")[0], name), []).append(value)
    single = {name: found[name] if name in LISTS.values() else found[name][0] for name in found}
    return single | ({"Entries": list(entries.values())} if entries else {})


def document(root: str, content: str) -> bytes:
    """Return an answer."""
    metadata = element("ResponseMetadata", {"RequestId": "0"})
    return f'<?xml version="1.0"?><{root} xmlns="{NAMESPACE}">{content}{metadata}</{root}>'.encode()


def element(name: str, value: Any) -> str:
    """Return a value of the JSON protocol as XML: lists and maps have no element around them."""
    if not isinstance(value, dict):
        text = str(value).lower() if isinstance(value, bool) else str(value)
        return f"<{name}>{escape(text, {chr(13): '&#xD;', chr(34): '&quot;'})}</{name}>"
    action = name.removesuffix("Result")
    inner = ""
    for key, member in value.items():
        if key in ("Attributes", "MessageAttributes"):
            pairs = [{"Name": one, "Value": its} for one, its in member.items()]
            inner += "".join(element(key.removesuffix("s"), pair) for pair in pairs)
        elif isinstance(member, list):
            item = {"Messages": "Message", "Failed": "BatchResultErrorEntry"}.get(
                key, f"{action}ResultEntry"
            )
            inner += "".join(element(item, one) for one in member)
        else:
            inner += element(key, member)
    return f"<{name}>{inner}</{name}>"
