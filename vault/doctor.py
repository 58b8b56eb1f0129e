"""Checks a set-up without changing it."""

import ipaddress
from collections.abc import Iterator, Mapping
from contextlib import contextmanager
from dataclasses import dataclass
from importlib.resources import files
from urllib.parse import urlsplit

import psycopg
from psycopg import errors

from common.database import INIT, NOT_SET_UP, connect, postgres_settings, queries
from common.errors import LoaderError
from loader.settings import queue_settings
from loader.sqs import Queue, open_queue
from loader.stop import Patience, Stop
from vault.database import OWNER
from vault.extension import package_of_extension
from vault.init import OLDEST_SERVER
from vault.migrations import pending


@dataclass(frozen=True)
class Finding:
    """One check: what was looked at, and what to do if it is not as it should be."""

    subject: str
    remedy: str | None = None

    @property
    def is_ok(self) -> bool:
        """Whether nothing has to be done."""
        return self.remedy is None

    def __str__(self) -> str:
        return f"ok    {self.subject}" if self.is_ok else f"FAIL  {self.subject}: {self.remedy}"


def examine(environment: Mapping[str, str]) -> Iterator[Finding]:
    """Yield one finding after the other: the database, then the queue."""
    try:
        with connect(postgres_settings(environment)) as connection:
            yield Finding("database: connected")
            yield from _database(connection)
    except LoaderError as error:
        yield Finding("database", str(error))
    try:
        queue = open_queue(queue_settings(environment), Patience(0, Stop()))
        yield Finding("queue: reached, and its attributes may be read")
        yield from _queue(queue)
    except LoaderError as error:
        yield Finding("queue", str(error))


def _database(connection: psycopg.Connection) -> Iterator[Finding]:
    info = connection.info
    server = info.server_version // 10000
    yield Finding(
        f"database: PostgreSQL {server}",
        None if server >= OLDEST_SERVER else f"upgrade to {OLDEST_SERVER} or later",
    )
    encrypted = info.pgconn.ssl_in_use
    yield Finding(
        "database: connection " + ("encrypted" if encrypted else "in the clear"),
        None
        if encrypted or _is_this_machine(info.hostaddr or info.host)
        else "set PGSSLMODE=verify-full",
    )
    yield from _catalogue(connection)
    yield from _contents(connection)


def _catalogue(connection: psycopg.Connection) -> list[Finding]:
    """Check what everybody may read."""
    with _reading(connection, connection.info.user):
        found = _rows(connection, files("vault").joinpath("doctor.sql").read_bytes())
        if package := package_of_extension(connection):
            others = _rows(connection, files(package).joinpath("doctor.sql").read_bytes())
            replaced = {one.subject for one in others}
            found = [one for one in found if one.subject not in replaced] + others
    return found


def _contents(connection: psycopg.Connection) -> list[Finding]:
    """Check what login_owner alone may read."""
    subject = "set-up: migrations are those of this version"
    not_set_up = [Finding(subject, f"run `{INIT}`")]
    with _reading(connection, connection.info.user):
        if not connection.execute(queries("vault")["has_migrations"]).fetchone():
            return not_set_up
    try:
        with _reading(connection, OWNER):
            if pending(connection):
                return not_set_up
            return [
                Finding(subject),
                *_rows(connection, queries("vault")["check_keys"]),
                *_rows(connection, queries("vault")["check_window"]),
            ]
    except LoaderError as error:
        return [Finding(subject, str(error))]
    except errors.InsufficientPrivilege:
        return [
            Finding(
                "migrations, keys and window",
                "cannot be checked with these rights: log in as a member of login_owner",
            )
        ]
    except NOT_SET_UP:
        return not_set_up


@contextmanager
def _reading(connection: psycopg.Connection, role: str) -> Iterator[None]:
    """Run the body in a transaction that changes nothing, with the rights of `role`."""
    with connection.transaction():
        connection.execute("set transaction read only")
        connection.execute(queries("common")["pin_search_path"])
        connection.execute(queries("common")["begin"], {"role": role})
        connection.execute(queries("vault")["no_time_limit"])
        yield


def _rows(connection: psycopg.Connection, checks: bytes) -> list[Finding]:
    return [
        Finding(subject, None if is_ok else remedy)
        for subject, is_ok, remedy in connection.execute(checks)
    ]


def _queue(queue: Queue) -> Iterator[Finding]:
    attributes = queue.attributes()
    yield Finding(
        "queue: dead-letter queue",
        None
        if attributes.get("RedrivePolicy")
        else "set a RedrivePolicy, or a message that never lands is delivered for ever",
    )
    is_encrypted = (
        attributes.get("KmsMasterKeyId") or attributes.get("SqsManagedSseEnabled") == "true"
    )
    yield Finding(
        "queue: encrypted at rest",
        None if is_encrypted else "set SqsManagedSseEnabled, or a KmsMasterKeyId",
    )
    endpoint = urlsplit(queue.endpoint)
    is_private = endpoint.scheme == "https" or _is_this_machine(endpoint.hostname or "")
    yield Finding(
        f"queue: connection over {endpoint.scheme}",
        None if is_private else "use an https endpoint, or messages cross the network in the clear",
    )
    for action, denied in queue.denied_actions():
        yield Finding(f"queue: {action}", str(denied) if denied else None)


def _is_this_machine(host: str) -> bool:
    if not host or host.startswith("/") or host == "localhost":
        return True
    try:
        return ipaddress.ip_address(host).is_loopback
    except ValueError:
        return False
