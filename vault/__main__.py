"""The command line: `python -m vault COMMAND`."""

import argparse
import logging
import os
import sys
from collections.abc import Callable

import psycopg

from common import logs
from common.errors import ExitCode, LoaderError
from vault.arguments import parser

log = logging.getLogger("vault")


def main(arguments: list[str] | None = None) -> int:
    """Run the command line and return its exit code."""
    options = parser().parse_args(arguments)
    logs.configure(options.log_format, quiet=options.quiet)
    run: Callable[[argparse.Namespace], ExitCode] = options.run
    try:
        exit_code = run(options)
        sys.stdout.flush()  # raises BrokenPipeError here rather than at exit
        return exit_code
    except LoaderError as error:
        log.error("%s", error)
        return error.exit_code
    except psycopg.Error as error:  # without its detail, which quotes values
        log.error("Postgres: %s", error.diag.message_primary or type(error).__name__)
        return ExitCode.CONFIGURATION
    except BrokenPipeError:
        # The reader of our output has gone, as `head` does. The rest of it goes nowhere:
        # https://docs.python.org/3/library/signal.html#note-on-sigpipe
        os.dup2(os.open(os.devnull, os.O_WRONLY), sys.stdout.fileno())
    except KeyboardInterrupt:
        log.error("interrupted: run again, nothing is lost")
    return ExitCode.RETRYABLE


if __name__ == "__main__":
    sys.exit(main())
