"""Set-up of the database: roles, schemas, migrations, functions, rights and the first keys."""

import logging
import time
from collections.abc import Callable, Iterator, Mapping
from contextlib import contextmanager
from dataclasses import dataclass
from importlib import import_module
from importlib.resources import files

import psycopg
from psycopg import errors

from common.database import INIT, queries, read_only
from common.errors import ExitCode, LoaderError, TemporaryError
from vault.database import OWNER
from vault.extension import package_of_extension
from vault.keys import add_first_keys
from vault.login_changes import try_new_login_of
from vault.migrations import pending

log = logging.getLogger("vault")

# Roles and their rights belong to the server, and no lock of a database guards them: a set-up of
# another database may change them at the same time.
CONCURRENT = (errors.InternalError_, errors.UniqueViolation, errors.DuplicateObject)
ATTEMPTS = 5

CONTAINERS = ("roles", "schemas")
"""Files of `schema/` that come before the migrations."""

CONTENTS = (
    "raw",
    "login_of",
    "personal_fields",
    "land",
    "windows",
    "keys",
    "records",
    "finding",
    "erasure",
    "recovery",
    "access",
    "login_changes",
    "grants",
)
"""Files of `schema/` that come after them."""

OLDEST_SERVER = 15
"""The first with GRANT SET ON PARAMETER, and where PUBLIC may not create in schema public."""


def install(
    connection: psycopg.Connection, target_schema: str, environment: Mapping[str, str]
) -> None:
    """Apply what `migrations/` has that is new, and all of `schema/`: all of it or nothing.

    Changes nothing that is right already. `target_schema` is where dbt publishes; `environment`
    may provide the masking keys (see `vault.keys.secret_from`).
    Raises LoaderError: PERMISSION if the user may not, CONFIGURATION if server or keys are wrong or
    the database is newer, RETRYABLE if others use what has to be changed.
    """
    server = connection.info.server_version // 10000
    if server < OLDEST_SERVER:
        raise LoaderError(
            ExitCode.CONFIGURATION,
            f"PostgreSQL {OLDEST_SERVER} or later is needed, this is {server}",
        )
    encoding = connection.info.parameter_status("server_encoding")
    if encoding != "UTF8":
        raise LoaderError(
            ExitCode.CONFIGURATION,
            f"the database is in {encoding}, which cannot hold every body: create it in UTF8",
        )
    connection.add_notice_handler(_pass_on)
    try:
        for attempt in range(ATTEMPTS):
            try:
                _apply(SetUp(connection, target_schema, environment))
                return
            except CONCURRENT:
                if attempt == ATTEMPTS - 1:
                    raise
                time.sleep(0.2 * 2**attempt)
    except errors.InsufficientPrivilege as error:
        raise LoaderError(
            ExitCode.PERMISSION,
            f"cannot set up the database ({error.diag.message_primary}): "
            f"let a superuser, or its owner with CREATEROLE, run `{INIT}`",
        ) from None
    except errors.ReadOnlySqlTransaction:
        raise read_only(connection) from None
    except errors.LockNotAvailable:
        raise TemporaryError(
            "postgres",
            "the database was not set up: a build, a query or a backup uses what has to be "
            "changed, and was waited for: nothing has changed; run again, at best between builds",
        ) from None
    except psycopg.OperationalError as error:
        raise TemporaryError(
            "postgres",
            f"the database was not set up ({error.diag.message_primary or type(error).__name__}): "
            "run again",
        ) from None
    except psycopg.Error as error:
        said = [error.diag.message_primary, error.diag.message_hint]
        raise LoaderError(
            ExitCode.CONFIGURATION, f"cannot set up the database: {': '.join(filter(None, said))}"
        ) from None


def _pass_on(notice: errors.Diagnostic) -> None:
    """Log what our own files announce; the server itself says nothing with RAISE INFO."""
    if notice.severity_nonlocalized == "INFO":
        log.info("%s", notice.message_primary)


Run = Callable[[bytes], object]
"""Applies a file."""


@dataclass(frozen=True)
class SetUp:
    """The steps of a set-up. They run in `transaction`, containers before contents."""

    connection: psycopg.Connection
    target_schema: str
    environment: Mapping[str, str]

    @contextmanager
    def transaction(self) -> Iterator[None]:
        """Run the body in a transaction, under settings of our own and one set-up at a time."""
        with self.connection.transaction():
            self.connection.execute(queries("common")["pin_search_path"])
            self._take(self.connection.info.user)
            self.connection.execute(queries("vault")["no_time_limit"])
            self.connection.execute(queries("vault")["lock_set_up"])
            self.connection.execute(
                queries("vault")["begin_set_up"], {"target_schema": self.target_schema}
            )
            yield

    def containers(self, run: Run) -> None:
        """Apply the files of roles and schemas."""
        for name in CONTAINERS:
            run(_file(name))

    def contents(self, run: Run) -> None:
        """Apply the migrations that are new, and then the other files."""
        self._take(OWNER)
        for migration in pending(self.connection):
            run(migration.sql)
            self._take(OWNER)
            migration.record(self.connection)
        before = self._login_of()
        for name in CONTENTS:
            run(_file(name))
        self._take(OWNER)
        if self._login_of() != before:
            try_new_login_of(self.connection, is_first=not before)

    def _login_of(self) -> list[str]:
        """Return how the database defines what a login is, or nothing in a database without it."""
        return [row[0] for row in self.connection.execute(queries("vault")["login_of"])]

    def keys(self) -> None:
        """Give every personal field and the record of erasures a key, where there is none."""
        self._take(OWNER)
        add_first_keys(self.connection, self.environment)

    def _take(self, role: str) -> None:
        self.connection.execute(queries("common")["begin"], {"role": role})


def _file(name: str) -> bytes:
    return files("vault").joinpath(f"schema/{name}.sql").read_bytes()


def _apply(set_up: SetUp) -> None:
    if package := package_of_extension(set_up.connection):
        import_module(package).apply(set_up)
        return
    with set_up.transaction():
        set_up.containers(set_up.connection.execute)
        set_up.contents(set_up.connection.execute)
        set_up.keys()
