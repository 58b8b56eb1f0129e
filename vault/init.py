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

from common import __version__
from common.database import INIT, queries, read_only
from common.errors import ExitCode, LoaderError, TemporaryError
from vault import record
from vault.database import OWNER
from vault.extension import package_of_extension
from vault.keys import add_first_keys
from vault.login_changes import try_new_login_of
from vault.migrations import applied, pending

log = logging.getLogger("vault")

# Roles and their rights belong to the server, and no lock of a database guards them: a set-up of
# another database may change them at the same time.
CONCURRENT = (errors.InternalError_, errors.UniqueViolation, errors.DuplicateObject)
ATTEMPTS = 5

SHORT_WAIT, LONGEST_WAIT = 5, 600
"""Seconds to wait for a lock that others hold, so that they do not queue behind us; and for another
set-up."""

CONTENTS = (
    "raw",
    "login_of",
    "personal_fields",
    "land",
    "keys",
    "settings",
    "windows",
    "finding",
    "erasure",
    "recovery",
    "access",
    "login_changes",
    "grants",
)
"""Files of `schema/` that come after the migrations, in order; roles and schemas come before."""

RECORD = "record"
"""The migration that makes the record."""

OLDEST_SERVER = 15
"""The first with GRANT SET ON PARAMETER, and in which PUBLIC may not create in schema public."""


def install(
    connection: psycopg.Connection,
    target_schema: str,
    environment: Mapping[str, str],
    *,
    share_roles: bool = False,
) -> None:
    """Apply the new files of `migrations/` and all files of `schema/`, or nothing.

    Changes only what differs. `target_schema` is the schema that dbt publishes to; `environment`
    may provide the masking keys (see `vault.keys.secret_from`). With `share_roles` other databases
    of the server may have the same roles.
    Raises LoaderError: PERMISSION if the user may not; CONFIGURATION if server or keys are wrong,
    if another database has the roles, or if this database is newer; RETRYABLE if others use
    objects that have to change.
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
    if not share_roles:
        _refuse_roles_of_others(connection)
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


def _refuse_roles_of_others(connection: psycopg.Connection) -> None:
    """Raise LoaderError (CONFIGURATION) if another database is set up, and this one is not."""
    with connection.transaction():
        connection.execute(queries("common")["pin_search_path"])
        query = queries("vault")["other_databases_with_our_roles"]
        [(databases,)] = connection.execute(query).fetchall()
    if databases:
        raise LoaderError(
            ExitCode.CONFIGURATION,
            f"the roles login_… belong to the whole server, and have rights in {databases}: who "
            "reads or masks there would do so here, too; use a server of its own, or say "
            f"`{INIT} --share-roles` (docs/decisions/one-deployment-a-server.md)",
        )


def _pass_on(notice: errors.Diagnostic) -> None:
    """Log RAISE INFO of our files. The server itself never uses this level."""
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
        """Run the body in a transaction, under settings of our own."""
        with self.connection.transaction():
            self.connection.execute(queries("common")["pin_search_path"])
            self._take(self.connection.info.user)
            self.connection.execute(queries("vault")["no_time_limit"])
            self._limit_waits(LONGEST_WAIT)
            self.connection.execute(
                queries("vault")["begin_set_up"], {"target_schema": self.target_schema}
            )
            yield

    def containers(self, run: Run) -> None:
        """Apply the files of roles and schemas, on which all others depend."""
        run(_file("roles"))
        self._lock()
        self._take(self.connection.info.user)
        run(_file("schemas"))

    @contextmanager
    def on_record(self) -> Iterator[None]:
        """Record what the body changes: everything after `containers`.

        Logs faults of the record itself that the body has repaired. Raises LoaderError (PERMISSION)
        if a fault is left, so that the evidence stays unchanged.
        """
        self._lock()
        known = applied(self.connection)
        had_faults = record.structure(self.connection) if RECORD in known.values() else []
        before = self._state()
        try:
            yield
        except psycopg.Error:
            if had_faults:
                raise _unsound(had_faults) from None
            raise
        self._take(OWNER)
        if still := record.structure(self.connection):
            raise _unsound(still)
        for fault in had_faults:
            log.warning("the record was not as this version makes it, and is now: %s", fault)
        changed = sorted({name for name, _ in before.items() ^ self._state().items()})
        migrations = sorted(applied(self.connection).keys() - known.keys())
        entry = {"migrations": migrations, "changed": changed, "faults": had_faults}
        if any(entry.values()):
            record.add(self.connection, "set_up", {"version": __version__, **entry})

    def _state(self) -> dict[str, str]:
        return dict(self.connection.execute(queries("vault")["set_up_state"]).fetchall())

    def migrations(self, run: Run) -> None:
        """Apply the migrations that are new."""
        self._take(OWNER)
        for migration in pending(self.connection):
            run(migration.sql)
            self._take(OWNER)
            migration.record(self.connection)

    def record(self, run: Run) -> None:
        """Apply the file of the record. All files after it may add entries."""
        self._take(self.connection.info.user)
        run(_file("record"))

    def contents(self, run: Run) -> None:
        """Apply the other files."""
        self._take(OWNER)
        before = self._login_of()
        for name in CONTENTS:
            run(_file(name))
        self._take(OWNER)
        if self._login_of() != before:
            try_new_login_of(self.connection, is_first=not before)

    def _login_of(self) -> list[str]:
        """Return the definition of raw.login_of in the database, or nothing if there is none."""
        return [row[0] for row in self.connection.execute(queries("vault")["login_of"])]

    def keys(self) -> None:
        """Give a key to every personal field, and to the record of erasures, that has none."""
        self._take(OWNER)
        add_first_keys(self.connection, self.environment)

    def _lock(self) -> None:
        """Become login_owner, and wait for another set-up to end.

        An empty database has no table to lock. There, both create the same roles and schemas; the
        unique names make the second one wait, fail, and begin again.
        Raises TemporaryError if the other one does not end.
        """
        self._take(OWNER)
        if self.connection.execute(queries("vault")["has_migrations"]).fetchone():
            give_up_at = time.monotonic() + LONGEST_WAIT
            self._limit_waits(SHORT_WAIT)
            said = ""
            while not self._is_locked():
                query = queries("vault")["holders_of_set_up"]
                [(holders,)] = self.connection.execute(query).fetchall()
                held = f"another set-up is under way, by {holders or 'somebody who has ended'}"
                if time.monotonic() > give_up_at:
                    raise TemporaryError("postgres", f"{held}: end it, or wait, and run again")
                if held != said:
                    log.warning("%s: waiting for it", held)
                said = held
        self._limit_waits(SHORT_WAIT)

    def _is_locked(self) -> bool:
        try:
            with self.connection.transaction():
                self.connection.execute(queries("vault")["lock_set_up"])
        except errors.LockNotAvailable:
            return False
        return True

    def _limit_waits(self, seconds: int) -> None:
        query = queries("vault")["limit_waits_of_set_up"]
        self.connection.execute(query, {"longest": f"{seconds}s"})

    def _take(self, role: str) -> None:
        self.connection.execute(queries("common")["begin"], {"role": role})


def _unsound(faults: list[str]) -> LoaderError:
    return LoaderError(
        ExitCode.PERMISSION,
        f"somebody has changed the record, and nothing is set up: {'; '.join(faults)}: "
        "find out who, and let a superuser put it right (docs/operations.md)",
    )


def _file(name: str) -> bytes:
    return files("vault").joinpath(f"schema/{name}.sql").read_bytes()


def _apply(set_up: SetUp) -> None:
    if package := package_of_extension(set_up.connection):
        import_module(package).apply(set_up)
        return
    with set_up.transaction():
        run = set_up.connection.execute
        set_up.containers(run)
        with set_up.on_record():
            set_up.migrations(run)
            set_up.record(run)
            set_up.contents(run)
            set_up.keys()
