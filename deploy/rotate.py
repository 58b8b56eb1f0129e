"""Gives the login that it runs as a new password: `python -m deploy.rotate`.

Where the secret SECRET_ID of Secrets Manager holds that password, as in deploy/template.yaml. If it
ends between its two steps, the next `python -m deploy.logins` sets what the secret holds.
"""

import os
import secrets
import sys

import boto3
from botocore.exceptions import BotoCoreError, ClientError
from psycopg import sql

from common.database import connect, postgres_settings
from common.errors import ExitCode, LoaderError
from deploy.logins import verifier_of


def main() -> int:
    """Store a new password, set it, and return an exit code of the loader."""
    password = secrets.token_urlsafe(30)
    try:
        with connect(postgres_settings(os.environ)) as connection:
            login = connection.info.user
            verifier = verifier_of(connection, login, password)
            boto3.client("secretsmanager").put_secret_value(
                SecretId=os.environ["SECRET_ID"], SecretString=password
            )
            connection.execute(
                sql.SQL("alter role {} password {}").format(sql.Identifier(login), verifier)
            )
    except LoaderError as error:
        print(f"rotate: {error}", file=sys.stderr)
        return error.exit_code
    except (BotoCoreError, ClientError) as error:
        print(f"rotate: the secret is not changed: {error}", file=sys.stderr)
        return ExitCode.PERMISSION
    print(f"rotated: the password of {login}")
    return 0


if __name__ == "__main__":
    sys.exit(main())
