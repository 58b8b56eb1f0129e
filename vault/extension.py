"""Extensions of Postgres under which the database is set up and checked in another way.

A package `vault.NAME` is for the extension NAME, and is used where that is installed. It has a
function `apply(set_up)`, which takes the place of the one in `vault.init`; a file `doctor.sql`,
whose checks `doctor` adds to its own; and a file `catalogue.json`, with the facts that are not as
in `vault/catalogue.json` there.
"""

from importlib.resources import files

import psycopg

from common.database import queries


def package_of_extension(connection: psycopg.Connection) -> str | None:
    """Return the package for an extension that this database has, as vault.NAME, or None."""
    for (name,) in connection.execute(queries("vault")["extensions"]):
        if files("vault").joinpath(f"{name}/__init__.py").is_file():
            return f"vault.{name}"
    return None
