"""An SQS endpoint of constant cost per call, with faults on request.

In a test, as a thread:

    with Endpoint() as endpoint:
        boto3.client("sqs", endpoint_url=endpoint.url, ...)

As a process of its own, whose first line of output is its URL, and that ends when its standard
input does: `python -m sandbox.fake_sqs.endpoint --latency-ms 20`. Besides SQS it answers
`POST /_fill?queue=NAME&messages=N&body_bytes=B` and `GET /_stats`. With `&people=P&first=K` the
logins are those of people who come back, numbered from K.

It speaks the AWS JSON protocol over HTTP/1.1 and looks at no signature.
"""

import argparse
import asyncio
import json
import sys
import threading
import time
from collections import Counter
from collections.abc import Iterable
from dataclasses import replace
from math import inf
from types import TracebackType
from urllib.parse import parse_qs, urlsplit

from sandbox.fake_sqs.actions import Actions
from sandbox.fake_sqs.bodies import bodies, returning
from sandbox.fake_sqs.faults import REFUSALS, Fault
from sandbox.fake_sqs.http import Connection, Reply, refusal
from sandbox.fake_sqs.queue import Message, Queue, SqsError

PAGE = b"<html><head><title>Gateway</title></head><body><h1>It works!</h1></body></html>"
NOT_SQS = {
    "bad_gateway": Reply(PAGE, 502, "text/html"),
    "html": Reply(PAGE, 200, "text/html"),
    "blank": Reply(b""),
    "dropped": None,
}
"""What comes back from a call with such a fault, which is not carried out."""


class Endpoint:
    """The endpoint, in a thread of its own from entering until leaving.

    `latency` is added to each call, in seconds, without occupying the server.
    """

    def __init__(self, latency: float = 0.0, port: int = 0) -> None:
        self.latency = latency
        self.calls: Counter[str] = Counter()
        """Calls by action."""
        self.url = ""
        self._began, self._ended = inf, 0.0
        self._port = port
        self._faults: list[Fault] = []
        self._connections: set[Connection] = set()
        self._thread = threading.Thread(target=lambda: asyncio.run(self._run()), daemon=True)
        self._ready = threading.Event()

    def __enter__(self) -> "Endpoint":
        self._thread.start()
        self._ready.wait()
        if not self.url:
            raise OSError(f"cannot listen on port {self._port} of 127.0.0.1")
        return self

    def __exit__(
        self,
        kind: type[BaseException] | None,
        error: BaseException | None,
        traceback: TracebackType | None,
    ) -> None:
        self._loop.call_soon_threadsafe(self._stop.set)
        self._thread.join()

    def queue(self, name: str) -> Queue:
        """Return a queue, to look at what is in it."""
        return self._actions.queues[name]

    def inject(self, fault: Fault) -> Fault:
        """Have a fault from now on. Of several that hit a call the first one does."""
        self._faults.append(fault)
        return fault

    def clear(self) -> None:
        """Have no more faults."""
        self._faults = []

    def fill(self, queue: str, messages: int, body_bytes: int = 0) -> None:
        """Send so many logins of at least so many bytes to a queue, which is made if need be."""
        self.send(queue, bodies(messages, body_bytes))

    def send(self, queue: str, messages: Iterable[str]) -> None:
        """Send bodies to a queue, which is made if need be."""
        found = self._actions.create(queue, {})
        for body in messages:
            with found.lock:
                found.send(Message(body))

    async def _run(self) -> None:
        self._loop, self._stop = asyncio.get_running_loop(), asyncio.Event()
        try:
            server = await self._loop.create_server(
                lambda: Connection(self.answer, self._connections),
                "127.0.0.1",
                self._port,
                backlog=1024,
            )
            self.url = f"http://127.0.0.1:{server.sockets[0].getsockname()[1]}"
            self._actions = Actions(self.url)
        finally:
            self._ready.set()
        await self._stop.wait()
        server.close()
        for connection in tuple(self._connections):
            connection.transport.abort()
        await asyncio.sleep(0)  # lets them close

    async def answer(self, path: str, action: str, body: bytes) -> Reply | None:
        """Return the response to a request, or None to close the connection instead."""
        if not action:
            return self._control(path)
        self.calls[action] += 1
        fault = next((fault for fault in self._faults if fault.strikes(action)), None)
        kind = fault.kind if fault else ""
        late = (fault.seconds or 0) if fault and kind == "hang" else 0
        if self.latency + late:
            await asyncio.sleep(self.latency + late)
        if kind in NOT_SQS:
            return NOT_SQS[kind]
        if action == "ReceiveMessage":
            self._began = min(self._began, time.monotonic() - self.latency)
        reply = await self._carry_out(action, body, kind)
        if action.startswith("DeleteMessage"):
            self._ended = time.monotonic()
        half = reply.body[: len(reply.body) // 2]
        if kind == "cut":
            return replace(reply, body=half)
        if kind == "truncated":
            return replace(reply, body=half, length=len(reply.body))
        return None if kind == "lost" else reply

    async def _carry_out(self, action: str, body: bytes, kind: str) -> Reply:
        if kind in REFUSALS:
            return refusal(REFUSALS[kind])
        try:
            answer = await self._actions.perform(action, json.loads(body), kind)
            return Reply(json.dumps(answer).encode())
        except SqsError as error:
            return refusal(error)
        except KeyError as error:
            return refusal(SqsError("MissingParameter", f"The request must contain {error}."))

    def _control(self, path: str) -> Reply:
        asked = urlsplit(path)
        options = {name: values[0] for name, values in parse_qs(asked.query).items()}
        if asked.path == "/_fill":
            count = int(options["messages"])
            if "people" in options:
                made = returning(int(options["first"]), count, int(options["people"]))
            else:
                made = bodies(count, int(options.get("body_bytes", 0)))
            self.send(options["queue"], made)
            self.calls.clear()
            self._began, self._ended = inf, 0.0
            return Reply(b"{}")
        if asked.path == "/_stats":
            stats = {
                "calls": self.calls,
                "seconds": max(0.0, self._ended - self._began),
                "left": sum(len(queue.messages) for queue in self._actions.queues.values()),
                "in_flight": sum(queue.in_flight for queue in self._actions.queues.values()),
                "cpu_seconds": time.process_time(),
            }
            return Reply(json.dumps(stats).encode())
        return Reply(PAGE, 404, "text/html")


def main() -> None:
    """Run the endpoint until standard input ends."""
    parser = argparse.ArgumentParser(
        prog="python -m sandbox.fake_sqs.endpoint",
        description="An SQS endpoint on 127.0.0.1. Prints its URL, and ends with standard input.",
    )
    parser.add_argument("--port", type=int, default=0, help="default: a free one")
    parser.add_argument("--latency-ms", type=float, default=0.0, help="added to every call")
    parser.add_argument("--queue", help="a queue to make and fill")
    parser.add_argument("--messages", type=int, default=0)
    parser.add_argument("--body-bytes", type=int, default=0, help="pad bodies to this size")
    options = parser.parse_args()
    with Endpoint(options.latency_ms / 1000, options.port) as endpoint:
        if options.queue:
            endpoint.fill(options.queue, options.messages, options.body_bytes)
        print(endpoint.url, flush=True)
        sys.stdin.read()


if __name__ == "__main__":
    main()
