"""The one door to Postgres."""

import re
from collections.abc import Iterator, Mapping
from contextlib import contextmanager
from functools import cache
from importlib.resources import files

import psycopg
from psycopg import errors
from psycopg.types.array import ListBinaryDumper

from common.errors import ExitCode, LoaderError, TemporaryError

INIT = "python -m vault init"
CONNECT_SECONDS = 5  # for each address of the host

NOT_SET_UP = (
    errors.InsufficientPrivilege,
    errors.InvalidParameterValue,  # SET ROLE to a role that does not exist
    errors.InvalidSchemaName,
    errors.UndefinedColumn,
    errors.UndefinedFunction,
    errors.UndefinedObject,
    errors.UndefinedTable,
)

# The server is away, full or locked; or it ended a session that was silent for too long.
TEMPORARY = (psycopg.OperationalError, errors.IdleInTransactionSessionTimeout)

# libpq gives no SQLSTATE for a connection that fails, only words. The first pattern that is found
# in them decides; what none of them describes may pass by itself: a server that starts, is full, is
# away or goes away in the middle ("SSL SYSCALL error"), a name server that does not answer.
# https://github.com/postgres/postgres/tree/REL_18_STABLE/src/interfaces/libpq
WRONG, MISSING = ExitCode.CONFIGURATION, ExitCode.PERMISSION
REFUSALS = (
    ("authentication failed|no password supplied", MISSING, "check PGUSER, PGPASSWORD"),
    (
        "permission denied for database",
        MISSING,
        "let an administrator grant CONNECT on it to the user in PGUSER "
        "(a NOINHERIT user does not have it from its roles)",
    ),
    (
        "is not permitted to log in",
        MISSING,
        "name in PGUSER a user that may, and make it a member of that role",
    ),
    (
        "no pg_hba.conf entry|pg_hba.conf rejects",
        MISSING,
        "let an administrator allow this host, user and database, or check PGSSLMODE",
    ),
    # getaddrinfo as psycopg and as libpq say it; "Temporary failure" may pass.
    ("(resolve|translate) .*host.*(not known|No address|label)", WRONG, "check PGHOST"),
    (
        "SSL negotiation|expected authentication request",
        WRONG,
        "check PGHOST, PGPORT: what answers there is not Postgres",
    ),
    (
        "sslmode|certificate|private key|does not support SSL|GSSAPI|channel binding"
        "|SSL protocol|SSL error: (?!unexpected eof)",
        WRONG,
        "check PGSSLMODE, PGSSLROOTCERT and the certificate of the server",
    ),
    ('(database|role) "[^"]*" does not exist', WRONG, "check PGDATABASE, PGUSER"),
    (
        "invalid|unrecognized|could not parse|requirement .*failed|definition of service",
        WRONG,
        "check the PG* variables",
    ),
)

TIMEOUT = re.compile(r"due to (\w+) timeout")  # the server has cancelled the statement


@cache
def queries(package: str) -> dict[str, bytes]:
    """Return the statements of `PACKAGE/queries.sql` by their names."""
    text = files(package).joinpath("queries.sql").read_text("utf-8")
    parts = re.split(r"^-- name: (\w+)$", text, flags=re.MULTILINE)
    return {
        name: statement.encode() for name, statement in zip(parts[1::2], parts[2::2], strict=True)
    }


def postgres_settings(environment: Mapping[str, str]) -> dict[str, str]:
    """Return what libpq needs besides the PG* variables, as arguments of `psycopg.connect`.

    Without these it takes the user of the operating system and a Unix socket.
    """
    given = {name for name, value in environment.items() if name.startswith("PG") and value}
    if "PGSERVICE" in given:
        return {}
    defaults = {"PGHOST": "localhost", "PGUSER": "postgres", "PGDATABASE": "postgres"}
    keys = {"PGHOST": "host", "PGUSER": "user", "PGDATABASE": "dbname"}
    settings = {keys[name]: value for name, value in defaults.items() if name not in given}
    # Any of these names another set-up, for which libpq may find a password in ~/.pgpass.
    if not given & {"PGHOST", "PGUSER", "PGPASSFILE", "PGPASSWORD"}:
        settings["password"] = "postgres"  # noqa: S105
    return settings


def connect(settings: dict[str, str]) -> psycopg.Connection:
    """Connect as the PG* variables say, completed by `settings`.

    Raises LoaderError: PERMISSION if the server refuses the login, CONFIGURATION for a wrong
    setting, TemporaryError for a server that is out of reach.
    """
    try:
        connection = psycopg.connect(
            "",
            autocommit=True,
            # A prepared statement belongs to a session, which a pooler shares out.
            prepare_threshold=None,
            connect_timeout=CONNECT_SECONDS,
            # Notice within seconds, not minutes, that a server has vanished. Linux looks at
            # tcp_user_timeout only when a keepalive is due.
            keepalives_idle=10,
            keepalives_interval=2,
            tcp_user_timeout=15_000,
            client_encoding="utf8",  # whatever PGCLIENTENCODING says: bodies are Unicode
            fallback_application_name="loader",
            **settings,  # type: ignore[arg-type]
        )
    except psycopg.OperationalError as error:
        raise no_connection(error) from None
    except UnicodeError as error:  # Python's, of a host name with an empty or too long part
        refused = psycopg.OperationalError(f"failed to resolve host None: {error}")
        raise no_connection(refused) from None
    # Locks and snapshots of ours rely on it, whatever default_transaction_isolation says.
    connection.isolation_level = psycopg.IsolationLevel.READ_COMMITTED
    # As text every body in an array would be escaped, which costs more than the rest of landing.
    connection.adapters.register_dumper(list, ListBinaryDumper)
    return connection


def no_connection(error: psycopg.OperationalError) -> LoaderError:
    """Return the error for a connection that failed: whether it may pass, and what to do."""
    if isinstance(error, errors.ConnectionTimeout):
        return TemporaryError(
            "postgres", "cannot reach Postgres: no answer within 5s: check PGHOST, PGPORT"
        )
    said = re.sub("connection (failed|is bad): ", "", str(error))  # psycopg, before libpq's words
    said = said.replace("host None", "the host in PGHOST")
    # One line an attempt: each address of the host, with and without TLS.
    lines = [line.strip() for line in said.splitlines() if line.strip()]
    for pattern, exit_code, remedy in REFUSALS:
        for line in lines:
            if re.search(pattern, line):
                return LoaderError(exit_code, f"cannot connect to Postgres: {line}: {remedy}")
    reason = next((line for line in lines if "failed:" in line), lines[-1])
    return TemporaryError(
        "postgres", f"cannot reach Postgres: {reason}: check PGHOST, PGPORT and the server"
    )


@contextmanager
def transaction(
    connection: psycopg.Connection, role: str, values: str | None = None
) -> Iterator[None]:
    """Run the body in one transaction with the rights of `role` and nothing else.

    `values` says what the body sends or reads that nobody may find in the server log.
    Raises LoaderError: PERMISSION if a right, a role or the set-up is missing, or if the server
    would log `values`; CONFIGURATION if it is read-only, TemporaryError if it goes away.
    """
    try:
        with connection.transaction():
            connection.execute(queries("common")["pin_search_path"])
            connection.execute(queries("common")["begin"], {"role": role})
            if values:
                refuse_if_logged(connection, values)
            yield
    except errors.RaiseException:
        raise  # a rule of ours, which the caller words
    except psycopg.Error as error:
        raise _one_line(error, role, connection) from None


def refuse_if_logged(connection: psycopg.Connection, values: str) -> None:
    """Raise LoaderError (PERMISSION) if the server logs them, whatever `begin` has set."""
    [(remedy,)] = connection.execute(queries("common")["logged"], ()).fetchall()
    if remedy:
        raise LoaderError(
            ExitCode.PERMISSION,
            f"the server logs parameters or plans, and so {values}: let a superuser run `{remedy}`",
        )


def _one_line(error: psycopg.Error, role: str, connection: psycopg.Connection) -> LoaderError:
    """Say what failed without DETAIL or CONTEXT, which quote values."""
    said = error.diag.message_primary or type(error).__name__
    if isinstance(error, NOT_SET_UP):
        return not_set_up(said, role)
    if isinstance(error, errors.ReadOnlySqlTransaction):
        return read_only(connection)
    failed = f"Postgres failed in the middle ({said}): nothing is lost or half done; run again"
    if timeout := TIMEOUT.search(said):
        failed += f", or raise {timeout[1]}_timeout (of the database, the user or PGOPTIONS)"
    if isinstance(error, TEMPORARY):
        return TemporaryError("postgres", failed)
    return LoaderError(ExitCode.RETRYABLE, failed)


def not_set_up(said: str, role: str) -> LoaderError:
    """Return the error for a set-up or a right that is missing."""
    return LoaderError(
        ExitCode.PERMISSION,
        f"Postgres: {said}: let an administrator run `{INIT}` "
        f"and grant {role} to the user in PGUSER",
    )


def read_only(connection: psycopg.Connection) -> LoaderError:
    """Return the error for a server that takes no changes."""
    if connection.info.parameter_status("in_hot_standby") == "on":
        reason = "PGHOST is a standby, name the primary"
    else:
        reason = "unset default_transaction_read_only (of the database, the user or PGOPTIONS)"
    return LoaderError(ExitCode.CONFIGURATION, f"Postgres is read-only: {reason}")
