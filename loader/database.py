"""The one door to Postgres."""

from collections.abc import Iterator
from contextlib import contextmanager
from functools import cache
from importlib.resources import files

import psycopg
from psycopg import errors
from psycopg.types.array import ListBinaryDumper

from loader.errors import ExitCode, LoaderError, TemporaryError
from loader.settings import Settings

INIT = "python -m loader init"

NOT_SET_UP = (
    errors.InsufficientPrivilege,
    errors.InvalidParameterValue,  # SET ROLE to a role that is not there
    errors.InvalidSchemaName,
    errors.UndefinedColumn,
    errors.UndefinedFunction,
    errors.UndefinedObject,
    errors.UndefinedTable,
)


# Gone, full, locked, deadlocked; and what begin.sql sets for a client that falls silent.
HEALS = (psycopg.OperationalError, errors.IdleInTransactionSessionTimeout)


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
        connection = psycopg.connect(
            "",
            autocommit=True,
            # A prepared statement belongs to a session, which a pooler shares out.
            prepare_threshold=None,
            connect_timeout=5,
            # A server that has gone without a word is noticed in seconds, not in minutes.
            keepalives_idle=10,
            tcp_user_timeout=15_000,
            client_encoding="utf8",  # whatever PGCLIENTENCODING says: bodies are Unicode
            fallback_application_name="loader",
            **settings.postgres,  # type: ignore[arg-type]
        )
    except psycopg.OperationalError as error:
        raise _no_connection(error) from None
    # As text every body in an array would be escaped, which costs more than all else of landing.
    connection.adapters.register_dumper(list, ListBinaryDumper)
    return connection


def _no_connection(error: psycopg.OperationalError) -> LoaderError:
    if isinstance(error, errors.ConnectionTimeout):
        return TemporaryError(
            "postgres", "cannot reach Postgres: no answer within 5s: check PGHOST, PGPORT"
        )
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
    if "failed" not in str(error) or "invalid" in reason or "unrecognized" in reason:
        # libpq did not get as far as trying, or the server refused an option
        return LoaderError(ExitCode.CONFIGURATION, f"{reason}: correct the PG* variables")
    first = next((line for line in str(error).splitlines() if "failed:" in line), reason)
    return TemporaryError(
        "postgres",
        f"cannot reach Postgres: {first.strip()}: check PGHOST, PGPORT and the server",
    )


@contextmanager
def transaction(connection: psycopg.Connection, role: str) -> Iterator[None]:
    """Run the body in one transaction with the rights of `role` and nothing else.

    Raises LoaderError: PERMISSION if a right or role is missing, RETRYABLE if the server goes.
    """
    try:
        with connection.transaction():
            connection.execute(statement("sql/pin_search_path.sql"))
            connection.execute(statement("sql/begin.sql"), {"role": role})
            yield
    except errors.RaiseException:
        raise  # a rule of ours, which the caller knows how to put
    except psycopg.Error as error:
        raise _one_line(error, role) from None


def _one_line(error: psycopg.Error, role: str) -> LoaderError:
    """Say what failed without DETAIL or CONTEXT, which quote values."""
    said = error.diag.message_primary or type(error).__name__
    if isinstance(error, NOT_SET_UP):
        return LoaderError(
            ExitCode.PERMISSION,
            f"Postgres: {said}: let an administrator run `{INIT}` "
            f"and grant {role} to the user in PGUSER",
        )
    if isinstance(error, errors.ReadOnlySqlTransaction):
        return LoaderError(
            ExitCode.CONFIGURATION, f"Postgres: {said}: PGHOST is a standby, name the primary"
        )
    failed = f"Postgres failed in the middle ({said}): nothing is lost or half done; run again"
    if isinstance(error, HEALS):
        return TemporaryError("postgres", failed)
    return LoaderError(ExitCode.RETRYABLE, failed)


def refuse_if_logged(connection: psycopg.Connection, what: str) -> None:
    """Raise LoaderError (PERMISSION) if the server would log what we are about to send."""
    if connection.execute(statement("sql/logs_parameters.sql")).fetchone():
        raise LoaderError(
            ExitCode.PERMISSION,
            f"the server logs statements with their parameters, and so {what}: let a superuser "
            "run `alter role NAME set log_parameter_max_length = 0` for this login",
        )
