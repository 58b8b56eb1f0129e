"""HTTP/1.1 as an SQS client needs it: one request after the other on a connection kept open."""

import asyncio
import json
import re
from collections.abc import Awaitable, Callable
from dataclasses import dataclass
from itertools import count
from typing import TypeAlias

from sandbox.fake_sqs.queue import SqsError

JSON = "application/x-amz-json-1.0"
REQUEST_IDS = count(1)

LENGTH = re.compile(rb"\r\ncontent-length: *(\d+)", re.IGNORECASE)
TARGET = re.compile(rb"\r\nx-amz-target: *AmazonSQS\.(\w+)", re.IGNORECASE)

QUERY_CODES = {
    "KmsAccessDenied": "KMS.AccessDeniedException",
    "QueueDoesNotExist": "AWS.SimpleQueueService.NonExistentQueue",
    "QueueNameExists": "QueueAlreadyExists",
} | {
    code: f"AWS.SimpleQueueService.{code}"
    for code in (
        "BatchEntryIdsNotDistinct",
        "BatchRequestTooLong",
        "EmptyBatchRequest",
        "InvalidBatchEntryId",
        "MessageNotInflight",
        "TooManyEntriesInBatchRequest",
    )
}
"""Codes of the older query protocol that differ; AWS sends them along, and boto3 prefers them."""


@dataclass(frozen=True)
class Reply:
    """An HTTP response."""

    body: bytes
    status: int = 200
    content_type: str = JSON
    query_error: str = ""
    length: int | None = None
    """The length it claims to have, if that is not true."""

    def __bytes__(self) -> bytes:
        length = len(self.body) if self.length is None else self.length
        query_error = f"x-amzn-query-error: {self.query_error}\r\n" if self.query_error else ""
        head = (
            f"HTTP/1.1 {self.status} {'OK' if self.status == 200 else 'Error'}\r\n"
            f"x-amzn-RequestId: {next(REQUEST_IDS):032}\r\n{query_error}"
            f"Content-Type: {self.content_type}\r\nContent-Length: {length}\r\n\r\n"
        )
        return head.encode() + self.body


def refusal(error: SqsError) -> Reply:
    """Return the response that says what SQS refuses."""
    fault = "Sender" if error.status < 500 else "Receiver"
    return Reply(
        json.dumps({"__type": f"com.amazonaws.sqs#{error.code}", "message": str(error)}).encode(),
        error.status,
        query_error=f"{QUERY_CODES.get(error.code, error.code)};{fault}",
    )


Answer: TypeAlias = Callable[[str, str, bytes], Awaitable[Reply | None]]
"""From path, action (or an empty string) and body to the response; None closes the connection."""


class Connection(asyncio.Protocol):
    """A client's connection: one request after the other."""

    def __init__(self, answer: Answer, connections: "set[Connection]") -> None:
        self._answer = answer
        self._connections = connections
        self._received = bytearray()
        self._serving: asyncio.Task[None] | None = None

    def connection_made(self, transport: asyncio.BaseTransport) -> None:
        """Begin, as asyncio says."""
        assert isinstance(transport, asyncio.Transport)
        self.transport = transport
        self._connections.add(self)

    def connection_lost(self, _: Exception | None) -> None:
        """Give up what is not answered: a long poll must not hand out messages to nobody."""
        self._connections.discard(self)
        if self._serving:
            self._serving.cancel()

    def data_received(self, data: bytes) -> None:
        """Take in a part of a request."""
        self._received += data
        if not self._serving:
            self._serve_next()

    def _serve_next(self) -> None:
        end = self._received.find(b"\r\n\r\n") + 4
        if end < 4:
            return
        head = bytes(self._received[: end - 2])
        length = LENGTH.search(head)
        whole = end + (int(length[1]) if length else 0)
        if len(self._received) < whole:
            return
        body = bytes(self._received[end:whole])
        del self._received[:whole]
        target = TARGET.search(head)
        path = head.split(b" ", 2)[1].decode()
        action = target[1].decode() if target else ""
        self._serving = asyncio.get_running_loop().create_task(self._serve(path, action, body))

    async def _serve(self, path: str, action: str, body: bytes) -> None:
        reply = None
        try:
            reply = await self._answer(path, action, body)
        finally:
            self._serving = None
            if reply:
                self.transport.write(bytes(reply))
            if reply is None or reply.length is not None:
                self.transport.close()
        self._serve_next()
