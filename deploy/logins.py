"""Gives each part of the pipeline a login of its own: `python -m deploy.logins`.

After `python -m vault init`, as the same administrator. Each login is a member of one role and
of nothing else (docs/operations.md). The password of logins_loader is in the file that
LOGINS_LOADER_PASSWORD_FILE names, or in LOGINS_LOADER_PASSWORD, and so for the others; run again,
it sets new ones. On RDS a login without one proves itself by IAM, as the loader does.
"""

import os
import sys
from collections.abc import Mapping
from importlib.resources import files
from pathlib import Path

import psycopg

from common.database import connect, postgres_settings
from common.errors import ExitCode, LoaderError

LOGINS = {
    "logins_loader": "login_loader",
    "logins_dbt": "login_transformer",
    "logins_report": "login_analyst",
}


def password_of(environment: Mapping[str, str], login: str) -> str:
    """Return the password that the environment gives a login, or an empty text.

    Raises LoaderError (CONFIGURATION) if the file with it cannot be read.
    """
    variable = f"{login.upper()}_PASSWORD"
    if file := environment.get(f"{variable}_FILE"):
        try:
            return Path(file).read_text("utf-8").strip()
        except (OSError, UnicodeError):
            raise LoaderError(
                ExitCode.CONFIGURATION, f"{variable}_FILE: cannot read a password from {file}"
            ) from None
    return environment.get(variable, "")


def verifier_of(connection: psycopg.Connection, login: str, password: str) -> str:
    """Return what Postgres keeps of a password.

    The password itself would be in the log of a server that logs statements.
    """
    return connection.pgconn.encrypt_password(
        password.encode(), login.encode(), b"scram-sha-256"
    ).decode()


def make_login(connection: psycopg.Connection, login: str, role: str, password: str) -> None:
    """Make a login or change its password; without a password the login is by IAM, on RDS.

    Raises LoaderError: CONFIGURATION where there is neither, PERMISSION if the user may not.
    """
    verifier = verifier_of(connection, login, password) if password else ""
    try:
        with connection.transaction():
            connection.execute(
                "select set_config('logins.name', %s, true), set_config('logins.role', %s, true),"
                " set_config('logins.verifier', %s, true)",
                [login, role, verifier],
            )
            connection.execute(files("deploy").joinpath("logins.sql").read_bytes())
    except psycopg.errors.InsufficientPrivilege as error:
        raise LoaderError(
            ExitCode.PERMISSION, f"{login} is not made: {error.diag.message_primary}"
        ) from None
    except psycopg.errors.UndefinedObject as error:
        raise LoaderError(
            ExitCode.CONFIGURATION,
            f"{login} is not made: {error.diag.message_primary}: run `python -m vault init` "
            f"first, and set {login.upper()}_PASSWORD_FILE where there is no IAM",
        ) from None


def main() -> int:
    """Make the logins and return an exit code of the loader."""
    try:
        with connect(postgres_settings(os.environ)) as connection:
            for login, role in LOGINS.items():
                make_login(connection, login, role, password_of(os.environ, login))
    except LoaderError as error:
        print(f"logins: {error}", file=sys.stderr)
        return error.exit_code
    print(f"made or renewed: {', '.join(LOGINS)}")
    return 0


if __name__ == "__main__":
    sys.exit(main())
