"""Whether the server logs what we send to it."""

import psycopg

from common.database import queries
from common.errors import ExitCode, LoaderError


def refuse_if_logged(connection: psycopg.Connection, what: str) -> None:
    """Raise LoaderError (PERMISSION) if the server would log what we are about to send."""
    if connection.execute(queries("vault")["logs_parameters"]).fetchone():
        raise LoaderError(
            ExitCode.PERMISSION,
            f"the server logs statements with their parameters, and so {what}: let a superuser "
            "run `alter role NAME set log_parameter_max_length = 0` for this login",
        )
