"""ReceiveMessage: what a client is given, now or after a long poll."""

import asyncio
import time
from collections.abc import Callable, Sequence
from functools import partial
from typing import Any

from sandbox.fake_sqs.queue import ACCOUNT, Message, Queue, invalid

Parameters = dict[str, Any]
Answer = dict[str, Any]

DIGITS = str.maketrans("0123456789", "1234567891")


async def receive(queue: Queue, parameters: Parameters, fault: str) -> Answer:
    """Return messages as soon as there is one, or none when the time to wait is over."""
    most = number(parameters, "MaxNumberOfMessages", 1, least=1, most=10)
    wait = number(
        parameters, "WaitTimeSeconds", int(queue.attributes["ReceiveMessageWaitTimeSeconds"])
    )
    visibility = number(
        parameters, "VisibilityTimeout", int(queue.attributes["VisibilityTimeout"]), most=43200
    )

    def take() -> list[Answer]:
        with queue.lock:
            if fault != "twice":
                found = queue.receive(most, visibility)
                return [_delivery(queue, message, parameters) for message in found]
            twice: list[Answer] = []
            for message in queue.receive(max(1, most // 2), visibility):
                twice.append(_delivery(queue, message, parameters))
                queue.receive_again(message)
                twice.append(_delivery(queue, message, parameters))
            return twice

    deliveries = take() or (await _poll(queue, take, wait) if wait else [])
    if fault == "damaged":
        for delivery in deliveries:
            body = delivery["Body"]
            changed = body.translate(DIGITS)
            delivery["Body"] = changed if changed != body else body[:-1]
    return {"Messages": deliveries} if deliveries else {}


async def _poll(queue: Queue, take: Callable[[], list[Answer]], seconds: float) -> list[Answer]:
    """Try to receive for so long, whenever a message may have become visible."""
    loop, changed = asyncio.get_running_loop(), asyncio.Event()
    wake = partial(loop.call_soon_threadsafe, changed.set)
    queue.listeners.add(wake)
    try:
        deadline = time.monotonic() + seconds
        while True:
            changed.clear()
            deliveries = take()
            now = time.monotonic()
            if deliveries or now >= deadline:
                return deliveries
            pause = max(0.001, min(deadline, queue.next_visible_at()) - now)
            timer = loop.call_later(pause, changed.set)
            await changed.wait()
            timer.cancel()
    finally:
        queue.listeners.discard(wake)


def _delivery(queue: Queue, message: Message, parameters: Parameters) -> Answer:
    """Return a message as ReceiveMessage does."""
    delivery: Answer = {
        "MessageId": message.id,
        "ReceiptHandle": queue.handle(message),
        "MD5OfBody": message.md5,
        "Body": message.body,
    }
    # AttributeNames is the older name of the same.
    names = parameters.get("MessageSystemAttributeNames") or parameters.get("AttributeNames")
    if names:
        attributes = {
            "SenderId": ACCOUNT,
            "SentTimestamp": str(message.sent_at),
            "ApproximateReceiveCount": str(message.receive_count),
            "ApproximateFirstReceiveTimestamp": str(message.first_received_at),
        }
        if message.group:
            attributes["MessageGroupId"] = message.group
            attributes["MessageDeduplicationId"] = message.deduplication_id
            attributes["SequenceNumber"] = f"{message.sequence:020}"
        if message.source:
            attributes["DeadLetterQueueSourceArn"] = message.source
        delivery["Attributes"] = chosen(attributes, names)
    if message.attributes and (wanted := parameters.get("MessageAttributeNames")):
        delivery["MessageAttributes"] = chosen(message.attributes, wanted)
    return delivery


def chosen(attributes: dict[str, Any], names: Sequence[str]) -> dict[str, Any]:
    """Return the attributes asked for."""
    if "All" in names or ".*" in names:
        return attributes
    return {name: value for name, value in attributes.items() if name in names}


def number(parameters: Parameters, name: str, default: int, least: int = 0, most: int = 20) -> int:
    """Return a number among the parameters. Raises SqsError if it is out of bounds."""
    found = int(parameters.get(name, default))
    if not least <= found <= most:
        raise invalid(name, f"Must be between {least} and {most}, if provided.")
    return found
