"""Checks a set-up without changing it."""

import ipaddress
import re
from collections.abc import Iterator, Mapping, Sequence
from contextlib import contextmanager
from dataclasses import dataclass, replace
from fnmatch import fnmatchcase
from importlib.resources import files
from pathlib import Path
from urllib.parse import urlsplit

import psycopg
from psycopg import errors

from common.database import INIT, NOT_SET_UP, connect, postgres_settings, queries
from common.errors import ExitCode, LoaderError
from loader.settings import queue_settings
from loader.sqs import Queue, open_queue
from loader.stop import Patience, Stop
from vault import catalogue, record
from vault.database import OWNER
from vault.extension import package_of_extension
from vault.init import OLDEST_SERVER
from vault.migrations import pending
from vault.settings import published_schema

DECLARED = Path("declared.txt")
"""The file in which a site declares its own additions, unless --declared names another."""

MIGRATIONS = re.compile(r"\bvault\.migration\b")
READ = re.compile(
    r"\b(login_audit\.entry|vault\.(masking_key|migration|personal_field|settings)"
    r"|raw\.(raw_logins|model_windows|finished_before|unfinished|with_epoch))\b"
)
"""Objects that the doctor reads or calls, if init made them and nobody changed them."""

MEND_FIRST = "mend first what is read for them"
RUN_INIT = f"run `{INIT}`"


@dataclass(frozen=True)
class Finding:
    """One check: its subject, and what to do if the check fails."""

    subject: str
    remedy: str | None = None
    is_declared: bool = False

    @property
    def is_ok(self) -> bool:
        """Whether nothing has to be done."""
        return self.remedy is None or self.is_declared

    @property
    def status(self) -> str:
        """One word for it."""
        return "declared" if self.is_declared else "ok" if self.is_ok else "failed"

    def as_json(self) -> dict[str, str | None]:
        """Return it for a program."""
        return {"status": self.status, "subject": self.subject, "remedy": self.remedy}

    def __str__(self) -> str:
        if self.is_declared:
            return f"known {self.subject}"
        return f"ok    {self.subject}" if self.is_ok else f"FAIL  {self.subject}: {self.remedy}"


def declared(file: Path | None) -> list[str]:
    """Return the lines of `file`, or of declared.txt where that is there: patterns of findings.

    Raises LoaderError (CONFIGURATION) for a file that cannot be read.
    """
    if file is None and not DECLARED.exists():
        return []
    try:
        lines = (file or DECLARED).read_text("utf-8").splitlines()
    except (OSError, UnicodeError) as error:
        raise LoaderError(
            ExitCode.CONFIGURATION, f"cannot read {file or DECLARED}: {error}"
        ) from None
    return [line.strip() for line in lines if line.strip() and not line.startswith("#")]


def examine(environment: Mapping[str, str], patterns: Sequence[str] = ()) -> Iterator[Finding]:
    """Yield one finding after the other: the database, then the queue.

    A finding that matches one of `patterns` is declared. In a pattern, * matches any text.
    """
    published = published_schema(environment)
    try:
        with connect(postgres_settings(environment)) as connection:
            yield Finding("database: connected")
            yield from _with_declared(_database(connection, published), patterns)
    except LoaderError as error:
        yield Finding("database", str(error))
    try:
        queue = open_queue(queue_settings(environment), Patience(0, Stop()))
        yield Finding("queue: reached, and its attributes may be read")
        yield from _with_declared(_queue(queue), patterns)
    except LoaderError as error:
        yield Finding("queue", str(error))


def _with_declared(findings: Iterator[Finding], patterns: Sequence[str]) -> Iterator[Finding]:
    for finding in findings:
        known = any(fnmatchcase(finding.subject, pattern) for pattern in patterns)
        yield replace(finding, is_declared=known and not finding.is_ok)


def _database(connection: psycopg.Connection, published: str) -> Iterator[Finding]:
    info = connection.info
    server = info.server_version // 10000
    yield Finding(
        f"database: PostgreSQL {server}",
        None if server >= OLDEST_SERVER else f"upgrade to {OLDEST_SERVER} or later",
    )
    is_near = _is_this_machine(info.hostaddr or info.host)
    encrypted = info.pgconn.ssl_in_use
    # Only these two modes of libpq verify the server. The others also encrypt for an impostor.
    verified = encrypted and info.get_parameters().get("sslmode") in ("verify-ca", "verify-full")
    yield Finding(
        "database: connection "
        + (
            "in the clear"
            if not encrypted
            else "encrypted"
            if verified
            else "encrypted, unverified"
        ),
        None if verified or is_near else "set PGSSLMODE=verify-full and PGSSLROOTCERT",
    )
    yield from _set_up(connection, published)


def _set_up(connection: psycopg.Connection, published: str) -> list[Finding]:
    """Compare the catalogue with what init makes, and check what only login_owner may read."""
    subject = "set-up: migrations are those of this version"
    not_set_up = [Finding(subject, RUN_INIT)]
    of_extension: list[Finding] = []
    contents: list[Finding] = []
    with _reading(connection, connection.info.user):
        if not connection.execute(queries("vault")["has_migrations"]).fetchone():
            return not_set_up
        facts = catalogue.read(connection, published)
        package = package_of_extension(connection)
        if package:
            checks = files(package).joinpath("doctor.sql").read_bytes()
            of_extension = _rows(connection, checks)
    wanted = catalogue.expected(package)
    changed = {
        one.subject
        for one in catalogue.differences(facts, wanted)
        if not one.subject.startswith("grants: ")
    }
    try:
        with _reading(connection, OWNER):
            # Reading a table can run code of its owner: rules, policies, functions in checks.
            if not any(MIGRATIONS.search(one) for one in changed):
                if pending(connection):
                    return not_set_up
                contents += [Finding(subject)]
            if any(READ.search(one) for one in changed):
                contents += [Finding("keys, settings and window", MEND_FIRST)]
                wanted = {one: wanted[one] for one in wanted if not one.startswith("setting ")}
            else:
                facts += catalogue.read_settings(connection, published)
                contents += _record(connection)
                contents += _rows(connection, queries("vault")["check_keys"])
                contents += _rows(connection, queries("vault")["check_window"])
    except LoaderError as error:
        return [Finding(subject, str(error))]
    except errors.InsufficientPrivilege:
        wanted = {one: wanted[one] for one in wanted if not one.startswith("setting ")}
        contents = [
            Finding(
                "migrations, keys and window",
                "cannot be checked with these rights: log in as a member of login_owner",
            )
        ]
    except NOT_SET_UP:
        return not_set_up
    different = [Finding(one.text, one.remedy) for one in catalogue.differences(facts, wanted)]
    count = f"catalogue: {len(facts)} facts"
    compared = [] if different else [Finding(f"{count} are as `{INIT}` makes them")]
    return contents + of_extension + compared + different


def _record(connection: psycopg.Connection) -> list[Finding]:
    """Check the entries of the record. The comparison of the catalogue checks its definition."""
    found = list(record.contents(connection))
    remedy = "find out who changed it (docs/operations.md)"
    return [Finding(f"record: {fault}", remedy) for fault in found] or [Finding("record: sound")]


@contextmanager
def _reading(connection: psycopg.Connection, role: str) -> Iterator[None]:
    """Run the body in a read-only transaction with the rights of `role`."""
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
    endpoint = urlsplit(queue.endpoint)
    # A server on this machine, for tests: it may know neither TLS nor encryption.
    is_near = _is_this_machine(endpoint.hostname or "")
    is_encrypted = (
        attributes.get("KmsMasterKeyId") or attributes.get("SqsManagedSseEnabled") == "true"
    )
    yield Finding(
        "queue: encrypted at rest" if is_encrypted or not is_near else "queue: on this machine",
        None if is_encrypted or is_near else "set SqsManagedSseEnabled, or a KmsMasterKeyId",
    )
    yield Finding(
        f"queue: connection over {endpoint.scheme}",
        None
        if endpoint.scheme == "https" or is_near
        else "use an https endpoint, or messages cross the network in the clear",
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
