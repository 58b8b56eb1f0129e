"""The database's constitution: `vault/schema/*.sql` and the first masking keys."""

import re
import time
from collections.abc import Mapping
from importlib.resources import files

import psycopg
from psycopg import errors

from loader.database import INIT, queries, read_only
from loader.errors import ExitCode, LoaderError
from vault.keys import add_first_keys

# Two installations at once would trip over each other's CREATE IF NOT EXISTS.
SCHEMA_LOCK = 0x6C6F67696E73  # "logins"

# Roles and their rights belong to the cluster, which no lock of a database guards: an installation
# in another database of it may change them at the same time.
CONCURRENT = (errors.InternalError_, errors.UniqueViolation, errors.DuplicateObject)
ATTEMPTS = 5

CONTAINERS = 2
"""The first files, of roles and schemas. On Citus they are committed before the rest: nodes make
what belongs to them over other connections."""

STATEMENT = re.compile(rb"(?:\$\$.*?\$\$|.)+?;$", re.DOTALL | re.MULTILINE)
"""One statement of a file, to the semicolon at the end of a line. Citus sends on what it is given,
and so must be given no more than one."""

OLDEST_SERVER = 15
"""The first with GRANT SET ON PARAMETER, and where PUBLIC may not create in schema public."""


def install(
    connection: psycopg.Connection, target_schema: str, environment: Mapping[str, str]
) -> None:
    """Apply `vault/schema/*.sql`: all of it or nothing. Changes nothing that is right already.

    `environment` may provide the masking keys (see `vault.keys.secret_from`).
    Raises LoaderError: PERMISSION if the user may not, CONFIGURATION if server or keys are wrong.
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
    try:
        for attempt in range(ATTEMPTS):
            try:
                return _apply(connection, target_schema, environment)
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
    except psycopg.OperationalError as error:
        raise LoaderError(
            ExitCode.RETRYABLE,
            f"the database was not set up ({error.diag.message_primary}): run again",
        ) from None
    except psycopg.Error as error:
        said = [error.diag.message_primary, error.diag.message_hint]
        raise LoaderError(
            ExitCode.CONFIGURATION, f"cannot set up the database: {': '.join(filter(None, said))}"
        ) from None


def _apply(
    connection: psycopg.Connection, target_schema: str, environment: Mapping[str, str]
) -> None:
    schema = files("vault").joinpath("schema")
    names = sorted(entry.name for entry in schema.iterdir() if entry.name.endswith(".sql"))
    if connection.execute(queries("vault")["is_on_citus"]).fetchone():
        with connection.transaction():
            _apply_files(connection, target_schema, names[:CONTAINERS])
        names = names[CONTAINERS:]
    with connection.transaction():
        _apply_files(connection, target_schema, names)
        connection.execute(queries("loader")["begin"], {"role": "login_owner"})
        add_first_keys(connection, environment)


def _apply_files(connection: psycopg.Connection, target_schema: str, names: list[str]) -> None:
    connection.execute(queries("loader")["pin_search_path"])
    connection.execute("select pg_advisory_xact_lock(%s)", [SCHEMA_LOCK])
    connection.execute(queries("vault")["begin_install"], {"target_schema": target_schema})
    for name in names:
        for one in STATEMENT.findall(files("vault").joinpath(f"schema/{name}").read_bytes()):
            connection.execute(one)
