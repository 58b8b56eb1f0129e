"""The command line: `python -m loader [COMMAND]`."""

import argparse
import logging
import os
import sys
from collections.abc import Callable

import psycopg

from loader import logs
from loader.arguments import parser
from loader.errors import ExitCode, LoaderError
from loader.settings import Settings

log = logging.getLogger("loader")


def main(arguments: list[str] | None = None) -> int:
    """Run the command line and return its exit code."""
    options = parser().parse_args(arguments)
    logs.configure(options.log_format, quiet=options.quiet)
    run: Callable[[argparse.Namespace, Settings], ExitCode] = options.run
    try:
        return run(options, Settings.from_environment(os.environ))
    except LoaderError as error:
        log.error("%s", error)
        return error.exit_code
    except psycopg.Error as error:  # a rule of the database; never its detail, which quotes values
        log.error("Postgres: %s", error.diag.message_primary or type(error).__name__)
        return ExitCode.CONFIGURATION
    except KeyboardInterrupt:
        log.error("interrupted: run again, nothing is lost")
        return ExitCode.RETRYABLE


if __name__ == "__main__":
    sys.exit(main())
