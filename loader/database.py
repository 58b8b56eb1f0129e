"""The one door to Postgres."""

from collections.abc import Iterator
from contextlib import contextmanager
from functools import cache
from importlib.resources import files

import psycopg
from psycopg import errors

from loader.errors import ExitCode, LoaderError
from loader.settings import Settings

INIT = "python -m loader init"

# Two installations at once would trip over each other's CREATE IF NOT EXISTS.
SCHEMA_LOCK = 0x6C6F67696E73  # "logins"


@cache
def statement(name: str) -> bytes:
    """Return the SQL of the file `loader/NAME`."""
    return files("loader").joinpath(name).read_bytes()


def connect(settings: Settings) -> psycopg.Connection:
    """Connect as the PG* variables say.

    Raises LoaderError: PERMISSION for a refused password, CONFIGURATION for a missing database,
    RETRYABLE for a server out of reach.
    """
    try:
        return psycopg.connect(
            "",
            autocommit=True,
            # A prepared statement belongs to a session, which a pooler shares out.
            prepare_threshold=None,
            connect_timeout=10,
            fallback_application_name="loader",
            **settings.postgres,  # type: ignore[arg-type]
        )
    except psycopg.OperationalError as error:
        raise _no_connection(error) from None


def _no_connection(error: psycopg.OperationalError) -> LoaderError:
    # libpq gives no SQLSTATE for a refused connection, only the server's words.
    reason = str(error).strip().splitlines()[-1].strip()
    if "authentication failed" in reason or "no password supplied" in reason:
        return LoaderError(
            ExitCode.PERMISSION, f"Postgres refuses the login: {reason}: check PGUSER, PGPASSWORD"
        )
    if "permission denied for database" in str(error):
        return LoaderError(
            ExitCode.PERMISSION, f"{reason}: grant login_loader to the user in PGUSER"
        )
    if "does not exist" in reason:
        return LoaderError(
            ExitCode.CONFIGURATION, f"{reason}: create it, or correct PGDATABASE, PGUSER"
        )
    first = next((line for line in str(error).splitlines() if "failed:" in line), reason)
    return LoaderError(
        ExitCode.RETRYABLE,
        f"cannot reach Postgres: {first.strip()}: check PGHOST, PGPORT and the server",
    )


def is_installed(connection: psycopg.Connection) -> bool:
    """Tell whether the raw tables are there; needs no right on them."""
    return connection.execute(statement("sql/is_installed.sql")).fetchone() is not None


def install(connection: psycopg.Connection, settings: Settings) -> None:
    """Apply `loader/schema/*.sql`: all of it or nothing. Changes nothing that is right already.

    Raises LoaderError (PERMISSION) if the user may not, CONFIGURATION if the server cannot.
    """
    schema = files("loader").joinpath("schema")
    names = sorted(entry.name for entry in schema.iterdir() if entry.name.endswith(".sql"))
    if connection.info.server_version < 150000:
        raise LoaderError(
            ExitCode.CONFIGURATION,
            f"PostgreSQL 15 or later is needed, this is {connection.info.server_version // 10000}",
        )
    try:
        with connection.transaction():
            connection.execute("select pg_advisory_xact_lock(%s)", [SCHEMA_LOCK])
            connection.execute(
                "select set_config('loader.target_schema', %s, true)", [settings.target_schema]
            )
            for name in names:
                connection.execute(statement(f"schema/{name}"))
    except errors.InsufficientPrivilege as error:
        raise LoaderError(
            ExitCode.PERMISSION,
            f"cannot set up the database ({error.diag.message_primary}): "
            f"let a superuser, or its owner with CREATEROLE, run `{INIT}`",
        ) from None
    except errors.RaiseException as error:
        raise LoaderError(
            ExitCode.CONFIGURATION, f"{error.diag.message_primary}: {error.diag.message_hint}"
        ) from None


@contextmanager
def landing_transaction(connection: psycopg.Connection) -> Iterator[None]:
    """Run the body in one transaction with the rights of login_loader and nothing else.

    Raises LoaderError: PERMISSION if a right or role is missing, RETRYABLE if the server goes.
    """
    try:
        with connection.transaction():
            connection.execute(statement("sql/begin.sql"))
            yield
    except (errors.InsufficientPrivilege, errors.UndefinedObject, errors.UndefinedTable) as error:
        raise LoaderError(
            ExitCode.PERMISSION,
            f"Postgres: {error.diag.message_primary}: let an administrator run `{INIT}` "
            "and grant login_loader to the user in PGUSER",
        ) from None
    except (psycopg.OperationalError, errors.InternalError_) as error:
        raise LoaderError(
            ExitCode.RETRYABLE,
            f"Postgres failed while messages were landing ({_kind(error)}): nothing is lost, "
            "they stay in the queue; run again",
        ) from None


def _kind(error: psycopg.Error) -> str:
    return error.diag.message_primary or type(error).__name__
