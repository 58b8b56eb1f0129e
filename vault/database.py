"""The door to Postgres of commands that wait for builds and take long."""

from collections.abc import Iterator
from contextlib import contextmanager

import psycopg

from common import database
from common.database import queries

OWNER = "login_owner"


@contextmanager
def transaction(
    connection: psycopg.Connection, role: str = OWNER, values: str | None = None
) -> Iterator[None]:
    """Run the body as `common.database.transaction` does, and raise what that raises.

    No statement is too slow, whatever the database or the login sets. A lock is waited for
    10 minutes, which lets a build end.
    """
    with database.transaction(connection, role, values):
        connection.execute(queries("vault")["no_time_limit"])
        connection.execute(queries("vault")["limit_waits"])
        yield
