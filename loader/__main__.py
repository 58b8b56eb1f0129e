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
        exit_code = run(options, Settings.from_environment(os.environ))
        sys.stdout.flush()  # here, where an error is met
        return exit_code
    except LoaderError as error:
        log.error("%s", error)
        return error.exit_code
    except psycopg.Error as error:  # a rule of the database; never its detail, which quotes values
        log.error("Postgres: %s", error.diag.message_primary or type(error).__name__)
        return ExitCode.CONFIGURATION
    except BrokenPipeError:
        # Who read our output has gone, as `head` does. What is left has nowhere to go:
        # https://docs.python.org/3/library/signal.html#note-on-sigpipe
        os.dup2(os.open(os.devnull, os.O_WRONLY), sys.stdout.fileno())
        return ExitCode.RETRYABLE
    except KeyboardInterrupt:
        log.error("interrupted: run again, nothing is lost")
        return ExitCode.RETRYABLE


if __name__ == "__main__":
    sys.exit(main())
