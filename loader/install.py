"""The database's constitution: `loader/schema/*.sql` and the first masking keys."""

from collections.abc import Mapping
from importlib.resources import files

import psycopg
from psycopg import errors

from loader.database import INIT, statement
from loader.errors import ExitCode, LoaderError
from loader.keys import add_first_keys

# Two installations at once would trip over each other's CREATE IF NOT EXISTS.
SCHEMA_LOCK = 0x6C6F67696E73  # "logins"

OLDEST_SERVER = 15
"""The first with GRANT SET ON PARAMETER, and where PUBLIC may not create in schema public."""


def is_installed(connection: psycopg.Connection) -> bool:
    """Tell whether the raw tables are there; needs no right on them."""
    return connection.execute(statement("sql/is_installed.sql")).fetchone() is not None


def install(
    connection: psycopg.Connection, target_schema: str, environment: Mapping[str, str]
) -> None:
    """Apply `loader/schema/*.sql`: all of it or nothing. Changes nothing that is right already.

    `environment` may provide the masking keys (see `loader.keys.secret_from`).
    Raises LoaderError: PERMISSION if the user may not, CONFIGURATION if server or keys are wrong.
    """
    server = connection.info.server_version // 10000
    if server < OLDEST_SERVER:
        raise LoaderError(
            ExitCode.CONFIGURATION,
            f"PostgreSQL {OLDEST_SERVER} or later is needed, this is {server}",
        )
    schema = files("loader").joinpath("schema")
    names = sorted(entry.name for entry in schema.iterdir() if entry.name.endswith(".sql"))
    try:
        with connection.transaction():
            connection.execute("select pg_advisory_xact_lock(%s)", [SCHEMA_LOCK])
            connection.execute(
                "select set_config('loader.target_schema', %s, true)", [target_schema]
            )
            for name in names:
                connection.execute(statement(f"schema/{name}"))
            connection.execute(statement("sql/begin.sql"), {"role": "login_owner"})
            add_first_keys(connection, environment)
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
