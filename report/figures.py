"""What the report shows: one query for each figure, with the rights of an analyst."""

from collections.abc import Mapping, Sequence
from datetime import date, datetime, timezone
from importlib.resources import files
from pathlib import Path
from typing import Any

import psycopg
from jinja2 import Environment
from psycopg.rows import dict_row

from common.database import transaction
from common.errors import ExitCode, LoaderError

Figures = Mapping[str, Sequence[Mapping[str, Any]]]

TRUST = Path(__file__).parent.parent / "dbt_project/macros/trusted_models.sql"
"""The macro of the query by which dbt, too, decides whom it trusts."""

QUERIES = (
    "app_versions",
    "days",
    "device_types",
    "health",
    "loads",
    "locales",
    "rejections",
    "shared",
    "totals",
    "versions",
)


def read_figures(connection: psycopg.Connection, target_schema: str) -> Figures:
    """Return the rows of each query in report/sql, all of one moment.

    Each query bounds its rows, however many logins there are.
    Raises LoaderError: CONFIGURATION if a model is missing, PERMISSION if the role is or if the
    session has more rights and is not alone with the models, RETRYABLE if the server goes.
    """
    connection.isolation_level = psycopg.IsolationLevel.REPEATABLE_READ
    connection.read_only = True
    with transaction(connection, connection.info.user):
        [(reason,)] = connection.execute(_why_not_trusted()).fetchall()
    if reason:
        raise LoaderError(
            ExitCode.PERMISSION,
            f"no report with the rights of an administrator, because {reason}: "
            "log in as a member of login_analyst and of nothing else",
        )
    with transaction(connection, "login_analyst"):
        # The catalogue first: nobody's function takes the place of a built-in.
        connection.execute(
            "select set_config('search_path', 'pg_catalog, ' || quote_ident(%s), true)",
            [target_schema],
        )
        try:
            return {name: _rows(connection, name) for name in QUERIES}
        except psycopg.errors.UndefinedTable as error:
            raise LoaderError(
                ExitCode.CONFIGURATION, f"{error.diag.message_primary}: run `dbt build` first"
            ) from None


def _why_not_trusted() -> bytes:
    macros = Environment(autoescape=True).from_string(TRUST.read_text("utf-8")).module
    return str(vars(macros)["why_not_trusted"]()).encode()


def _rows(connection: psycopg.Connection, name: str) -> list[dict[str, Any]]:
    query = files("report").joinpath(f"sql/{name}.sql").read_bytes()
    with connection.cursor(row_factory=dict_row) as cursor:
        return [
            {column: _as_text(value) for column, value in row.items()}
            for row in cursor.execute(query)
        ]


def _as_text(value: object) -> object:
    """Return times as the page shows them and charts read them: UTC, `2026-03-01 12:30`."""
    if isinstance(value, datetime):
        return f"{value.astimezone(timezone.utc):%Y-%m-%d %H:%M}"
    return value.isoformat() if isinstance(value, date) else value
