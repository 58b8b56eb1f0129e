"""Login messages for the tests. Addresses of RFC 5737, devices that no sample has."""

import json
from typing import Any


def login(number: int, **changes: Any) -> str:
    """Return the body of a login; every number has a user, an address and a device of its own."""
    fields = {
        "user_id": f"user-{number:04}",
        "app_version": "2.3.0",
        "device_type": "android",
        "ip": f"192.0.{2 + number // 250}.{1 + number % 250}",
        "locale": "RU" if number % 3 else None,
        "device_id": f"device-{number:04}",
    }
    return json.dumps(fields | changes)


def logins(count: int) -> list[str]:
    """Return the bodies of `count` different logins."""
    return [login(number) for number in range(count)]
