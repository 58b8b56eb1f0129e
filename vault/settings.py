"""The schema that dbt publishes to."""

import re
from collections.abc import Mapping

from common.errors import ExitCode, LoaderError

NAME = re.compile(r"[A-Za-z0-9_-]{1,63}")
"""A name that is the same in every statement, log and message: no dot, which would end it, no
quote, no more than Postgres keeps of it. dbt's macro generate_schema_name() says the same."""

# Analysts read the published schema. These are not for them, or not ours.
RESERVED_SCHEMA = re.compile(r"raw|vault|login_audit|crypto|information_schema|pg_.*")


def published_schema(environment: Mapping[str, str]) -> str:
    """Return DBT_SCHEMA, by default public.

    Raises LoaderError (CONFIGURATION) if it is no plain name, or nothing may be published there.
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
