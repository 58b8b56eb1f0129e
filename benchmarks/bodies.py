"""Bodies of logins to fill queues with."""

from collections.abc import Iterator

NETWORKS = ("192.0.2", "198.51.100", "203.0.113")
"""Addresses for documentation (RFC 5737)."""


def bodies(count: int, size: int = 0) -> Iterator[str]:
    """Yield `count` different logins, each padded to at least `size` bytes."""
    for number in range(count):
        network = NETWORKS[number // 254 % 3]
        locale = '"RU"' if number % 3 else "null"
        body = (
            f'{{"user_id": "user-{number:06}", "app_version": "2.3.{number % 10}", '
            f'"device_type": "android", "ip": "{network}.{1 + number % 254}", '
            f'"locale": {locale}, "device_id": "device-{number:06}"'
        )
        padding = size - len(body) - len(', "padding": ""}')
        yield f'{body}, "padding": "{"x" * padding}"}}' if padding >= 0 else f"{body}}}"
