"""Migrations: files that `python -m vault init` applies once to a database, and records there.

`migrations/NNNN_name.sql` has changes that must not run twice, take long or lock out others:
tables, columns, indexes, constraints, data. Everything else is in `schema/` and is applied every
time.
A file never changes after its release. A step that takes long says so with RAISE INFO.
"""

import re
from collections.abc import Iterator
from dataclasses import dataclass
from importlib.resources import files

import psycopg

from common import __version__
from common.database import queries
from common.errors import ExitCode, LoaderError


@dataclass(frozen=True, order=True)
class Migration:
    """A file of `migrations/`: its number, its name, and its statements."""

    number: int
    name: str
    sql: bytes

    def record(self, connection: psycopg.Connection) -> None:
        """Note, as login_owner, that it was applied by this version of the project."""
        connection.execute(
            queries("vault")["record_migration"],
            {"number": self.number, "name": self.name, "version": __version__},
        )


def migrations() -> list[Migration]:
    """Return all migrations of this version, in order."""
    return sorted(_read())


def _read() -> Iterator[Migration]:
    for entry in files("vault").joinpath("migrations").iterdir():
        if found := re.fullmatch(r"(\d{4})_(\w+)\.sql", entry.name):
            yield Migration(int(found[1]), found[2], entry.read_bytes())


def applied(connection: psycopg.Connection) -> dict[int, str]:
    """Return the numbers and names of those that the database records, as login_owner.

    A database of a version that had no migrations has none.
    """
    if not connection.execute(queries("vault")["has_migrations"]).fetchone():
        return {}
    return dict(connection.execute(queries("vault")["migrations"]).fetchall())


def pending(connection: psycopg.Connection) -> list[Migration]:
    """Return those that are still to be applied, in order.

    Raises LoaderError (CONFIGURATION) if the database has a migration that this version does not
    know: the older schema files would replace those of the newer version.
    """
    ours, theirs = {one.number: one for one in migrations()}, applied(connection)
    if newer := sorted(theirs.keys() - ours.keys()):
        raise LoaderError(
            ExitCode.CONFIGURATION,
            f"the database is newer than this version ({__version__}): it has migration "
            f"{newer[-1]:04} {theirs[newer[-1]]}: update this checkout",
        )
    return [one for number, one in ours.items() if number not in theirs]
