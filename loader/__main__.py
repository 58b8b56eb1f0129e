"""The command line: `python -m loader` and `python -m loader init`."""

import argparse
import logging
import os
import sys

from loader.database import connect, install, is_installed
from loader.drain import drain
from loader.errors import ExitCode, LoaderError
from loader.settings import Settings
from loader.sqs import open_queue

log = logging.getLogger("loader")

DESCRIPTION = """\
Land every message of an SQS queue in Postgres, each exactly once, and delete it from the queue
only after the commit. Without a command: drain the queue and exit."""

EPILOG = """\
settings (environment):
  LOGIN_QUEUE            queue name, URL or ARN (default: login-queue)
  AWS_ENDPOINT_URL       SQS endpoint other than AWS (default, if LOGIN_QUEUE is not set either:
                         http://localhost:4566)
  AWS_REGION, AWS_PROFILE, AWS_ACCESS_KEY_ID ...   as boto3 reads them (region: us-east-1)
  PGHOST, PGPORT, PGUSER, PGPASSWORD, PGDATABASE   as libpq reads them
                         (default: localhost, 5432, postgres, postgres, postgres)
  DBT_SCHEMA             schema that dbt publishes to, prepared by init (default: public)

exit codes:
  0  the queue is drained        3  credentials or a right are missing
  1  stopped early: run again    4  all landed, but not all deleted: run again
  2  a setting is wrong"""


def main(arguments: list[str] | None = None) -> int:
    """Run the command line and return its exit code."""
    parser = argparse.ArgumentParser(
        prog="python -m loader",
        description=DESCRIPTION,
        epilog=EPILOG,
        formatter_class=argparse.RawDescriptionHelpFormatter,
    )
    parser.add_argument(
        "--wait",
        type=float,
        default=60,
        metavar="SECONDS",
        help="how long to wait for a queue that is still being created, and for messages "
        "that another receiver holds (default: 60)",
    )
    commands = parser.add_subparsers(dest="command", title="commands", metavar="COMMAND")
    commands.add_parser(
        "init",
        help="create or repair schemas, roles, grants, raw tables and masking keys",
        description="Create or repair schemas, roles, grants, raw tables and masking keys. "
        "Changes nothing that is right already, and never a key. Needs a superuser, or the "
        "owner of the database with CREATEROLE. A first plain run does it by itself.",
    )
    options = parser.parse_args(arguments)

    logging.basicConfig(format="%(levelname)s %(name)s: %(message)s", level=logging.WARNING)
    log.setLevel(logging.INFO)
    try:
        settings = Settings.from_environment(os.environ)
        if options.command == "init":
            return _init(settings)
        return _drain(settings, options.wait)
    except LoaderError as error:
        log.error("%s", error)
        return error.exit_code
    except KeyboardInterrupt:
        log.error("interrupted: run again, nothing is lost")
        return ExitCode.RETRYABLE


def _init(settings: Settings) -> ExitCode:
    with connect(settings) as connection:
        install(connection, settings)
    log.info("the database is ready")
    return ExitCode.DRAINED


def _drain(settings: Settings, wait_seconds: float) -> ExitCode:
    with connect(settings) as connection:
        if not is_installed(connection):
            log.info("first run: setting up the database")
            install(connection, settings)
        queue = open_queue(settings.queue, wait_seconds)
        summary, exit_code = drain(connection, queue, wait_seconds)
    print(summary)
    return exit_code


if __name__ == "__main__":
    sys.exit(main())
