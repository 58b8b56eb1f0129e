"""The catalogue of the database, compared with what `python -m vault init` makes.

`catalogue.json` holds every fact of a fresh set-up, and that of an extension's package what differs
with it. After a change of `schema/` or `migrations/` `make catalogue` writes the first, and
`python -m vault.catalogue` that of the server that PG* name.
"""

import json
import os
import sys
from collections import defaultdict
from collections.abc import Iterable, Iterator, Mapping
from dataclasses import dataclass
from importlib.resources import files
from pathlib import Path
from typing import NamedTuple

import psycopg

from common.database import INIT, connect, postgres_settings, queries
from vault.database import transaction
from vault.extension import package_of_extension
from vault.settings import published_schema

PROJECT = Path(__file__).parent.parent
BY_HAND = "put it back as vault/migrations/ makes it, or restore a backup"
MIGRATED = ("column", "constraint", "index", "schema", "sequence", "table")
"""What migrations make, once. `init` makes everything else whenever it is not there."""


class Fact(NamedTuple):
    """One fact of a database: about what, and the statement that undoes it, if there is one."""

    subject: str
    fact: str
    undo: str | None


@dataclass(frozen=True)
class Difference:
    """What is not as `init` makes it, and how to mend that."""

    subject: str
    text: str
    remedy: str


def read(connection: psycopg.Connection, published: str) -> list[Fact]:
    """Return every fact of the catalogue, which everybody may read.

    `published` is the schema that dbt publishes to. What it holds are dbt's models, whose names are
    those of their files.
    """
    query = files("vault").joinpath("catalogue.sql").read_bytes()
    models = [path.stem for path in PROJECT.glob("dbt_project/models/**/*.sql")]
    return [
        Fact(*row) for row in connection.execute(query, {"published": published, "models": models})
    ]


def read_settings(connection: psycopg.Connection, published: str) -> list[Fact]:
    """Return what vault.settings says, as login_owner."""
    query = queries("vault")["settings"]
    return [Fact(*row) for row in connection.execute(query, {"published": published})]


def expected(package: str | None = None) -> dict[str, set[str]]:
    """Return the facts of a fresh set-up by their subjects.

    `package` is that of an extension, with subjects of its own in its `catalogue.json`.
    """
    found: dict[str, set[str]] = {}
    for name in filter(None, ("vault", package)):
        file = files(name).joinpath("catalogue.json")
        found |= {
            subject: set(facts) for subject, facts in json.loads(file.read_text("utf-8")).items()
        }
    return found


def differences(facts: Iterable[Fact], wanted: Mapping[str, set[str]]) -> Iterator[Difference]:
    """Yield every difference between the facts of a database and those `wanted`, both ways."""
    actual: dict[str, dict[str, str | None]] = defaultdict(dict)
    for subject, fact, undo in facts:
        actual[subject][fact] = undo
    for subject in sorted(actual.keys() | wanted.keys()):
        known = wanted.get(subject, set())
        missing = sorted(known - actual[subject].keys())
        added = sorted(actual[subject].keys() - known)
        if len(missing) == len(added) == 1:
            text = f"{subject}: is {added[0]}, should be {missing[0]}"
            # Of other subjects, the statement would remove all that init or a migration has made.
            is_listed = subject.startswith(("grants: ", "roles: ", "setting "))
            undo = actual[subject][added[0]] if is_listed else None
            mend = _mend(subject, missing[0])
            yield Difference(subject, text, f"{undo}, and {mend}" if undo else mend)
            continue
        for fact in missing:
            yield Difference(subject, f"{subject}: not {fact}", _mend(subject, fact))
        for fact in added:
            undo = actual[subject][fact]
            yield Difference(subject, f"{subject}: {fact}", undo or _mend(subject, fact))


def _mend(subject: str, fact: str) -> str:
    """Return how to bring back a fact that is missing."""
    if fact.startswith("owned by "):
        return f"alter {subject} owner to {fact.removeprefix('owned by ')}"
    return BY_HAND if subject.split(maxsplit=1)[0] in MIGRATED else f"run `{INIT}`"


def main() -> int:
    """Write `catalogue.json` from a database that is set up and nothing else.

    In one with an extension of which there is a package, write that of the package: what differs.
    """
    found: dict[str, set[str]] = defaultdict(set)
    published = published_schema(os.environ)
    with connect(postgres_settings(os.environ)) as connection, transaction(connection):
        for subject, fact, _ in read(connection, published) + read_settings(connection, published):
            found[subject].add(fact)
        package = package_of_extension(connection)
    known = expected() if package else {}
    lines = [
        f" {json.dumps(subject)}: {json.dumps(sorted(found[subject]))}"
        for subject in sorted(found.keys() | known.keys())
        if not package or found[subject] != known.get(subject)
    ]
    file = PROJECT.joinpath(*(package or "vault").split("."), "catalogue.json")
    file.write_text("{\n" + ",\n".join(lines) + "\n}\n", "utf-8")
    return 0


if __name__ == "__main__":
    sys.exit(main())
