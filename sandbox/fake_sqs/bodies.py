"""Bodies of logins to fill queues with."""

import json
from collections.abc import Iterator
from ipaddress import IPv4Address
from zlib import crc32

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


def returning(first: int, count: int, people: int) -> Iterator[str]:
    """Yield logins, numbered from `first`, of people who come back, as in `dbt_messages.sql`.

    Users are spread over `people`, who share a device now and then and have two addresses each.
    """
    home_network = int(IPv4Address("10.0.0.0"))
    for number in range(first, first + count):
        person = crc32(b"person %d" % number) % people
        home = crc32(b"home %d" % number) % (2 * people)
        login = {
            "user_id": f"user-{person}",
            "app_version": f"{number % 4}.{number // 7 % 6}.{number // 3 % 4}",
            "device_type": ("android", "ios", "web")[number % 3],
            "ip": str(IPv4Address(home_network + home)),
            "locale": ("DE", "FR", "RU", None)[person % 4],
            "device_id": f"{person // 2}-device-{number % 3}",
        }
        yield json.dumps(login)
