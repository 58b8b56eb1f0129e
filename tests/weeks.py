"""Weeks of made-up logins, for pages whose charts go over time. Addresses of RFC 5737."""

import json
import random
from collections.abc import Iterator
from datetime import datetime, timedelta, timezone
from hashlib import md5
from itertools import count

from loader.sqs import Message

LAST_DAY = datetime(2026, 3, 31, tzinfo=timezone.utc)
DEVICE_TYPES = {"android": 52, "ios": 34, "web": 9, "tablet": 4, "tv": 1}
LOCALES = {
    "US": 30, "RU": 14, "BR": 11, "DE": 9, "IN": 8, "FR": 6, "MX": 5, "PL": 4, "JP": 3, "GB": 3,
    "ES": 2, "IT": 2, "TR": 1, "NL": 1, "SE": 1, None: 12,
}  # fmt: skip
RELEASES = {"2.13.0": -60, "2.14.0": -20, "2.14.1": 9, "3.0.0": 18, "3.1.0": 30, "3.1.1": 38}
"""Day on which each version came out; users take ten days to move on."""


def weeks_of_logins(days: int = 45, seed: int = 7) -> Iterator[Message]:
    """Yield the messages of some weeks: growing, less on week-ends, some of them no logins."""
    dice, numbers = random.Random(seed), count(1)
    for day in range(days):
        start = LAST_DAY - timedelta(days=days - 1 - day)
        usual = 60 + 2 * day
        for _ in range(int(usual * (0.65 if start.weekday() > 4 else 1) * dice.uniform(0.9, 1.1))):
            sent_at = start + timedelta(seconds=dice.uniform(0, 86_399))
            if dice.random() < 0.01:
                body = dice.choice(['{"foo": "oops"}', '{"user_id": 7}', '["no object"]'])
            else:
                body = json.dumps(_login(dice, day))
            yield _message(next(numbers), body, sent_at)


def _login(dice: random.Random, day: int) -> dict[str, str | None]:
    user = int(900 * dice.random() ** 2)
    # Some live in families and share a device; some sit behind one address.
    return {
        "user_id": f"user-{user:04}",
        "app_version": _version(dice, day),
        "device_type": dice.choices(list(DEVICE_TYPES), list(DEVICE_TYPES.values()))[0],
        "ip": f"198.51.100.{user % 40 if user % 5 == 0 else user % 250}",
        "locale": dice.choices(list(LOCALES), list(LOCALES.values()))[0],
        "device_id": f"device-{user // 4 if user % 7 == 0 else user:04}",
    }


def _version(dice: random.Random, day: int) -> str:
    if dice.random() < 0.01:
        return "unknown"
    since = day - dice.expovariate(1 / 10)
    return max(RELEASES, key=lambda version: (RELEASES[version] <= since, RELEASES[version]))


def _message(number: int, body: str, sent_at: datetime) -> Message:
    return Message(
        message_id=f"00000000-0000-4000-8000-{number:012}",
        receipt_handle="",
        body=body,
        sent_at=sent_at,
        receive_count=1,
        attributes="{}",
        body_md5=md5(body.encode()).hexdigest(),  # noqa: S324 what SQS does
    )
