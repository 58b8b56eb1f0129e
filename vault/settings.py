"""The schema that dbt publishes to."""

import re
from collections.abc import Mapping

from common.errors import ExitCode, LoaderError

NAME = re.compile(r"[A-Za-z0-9_-]{1,63}")
"""A name that reads the same in every statement, log and message: it has no dot and no quote, and
Postgres does not shorten it. dbt's macro generate_schema_name() has the same rule."""

# Analysts read the published schema. They must not read these, or these are not ours.
RESERVED_SCHEMA = re.compile(r"raw|vault|login_audit|crypto|information_schema|pg_.*")


def published_schema(environment: Mapping[str, str]) -> str:
    """Return DBT_SCHEMA, by default public.

    Raises LoaderError (CONFIGURATION) if the name is not plain or the schema is reserved.
    """
    schema = environment.get("DBT_SCHEMA") or "public"
    if not NAME.fullmatch(schema):
        raise LoaderError(
            ExitCode.CONFIGURATION,
            f"DBT_SCHEMA is {schema!r}: give a name of up to 63 letters, digits, _ and -",
        )
    if RESERVED_SCHEMA.fullmatch(schema):
        raise LoaderError(
            ExitCode.CONFIGURATION,
            f"DBT_SCHEMA is {schema}, which is not for publishing: name another schema",
        )
    return schema
