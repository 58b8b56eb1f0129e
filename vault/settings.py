"""The schema that dbt publishes to."""

import re
from collections.abc import Mapping

from common.errors import ExitCode, LoaderError

# Analysts read the published schema. These are not for them, or not ours.
RESERVED_SCHEMA = re.compile(r"raw|vault|information_schema|pg_.*")


def published_schema(environment: Mapping[str, str]) -> str:
    """Return DBT_SCHEMA, by default public.

    Raises LoaderError (CONFIGURATION) if nothing may be published there.
    """
    schema = environment.get("DBT_SCHEMA") or "public"
    if RESERVED_SCHEMA.fullmatch(schema):
        raise LoaderError(
            ExitCode.CONFIGURATION,
            f"DBT_SCHEMA is {schema}, which is not for publishing: name another schema",
        )
    return schema
