"""The command line: `python -m vault COMMAND`."""

import argparse
import logging
import sys
from collections.abc import Callable

from loader import logs
from loader.errors import ExitCode, exit_code_of
from vault.arguments import parser

log = logging.getLogger("vault")


def main(arguments: list[str] | None = None) -> int:
    """Run the command line and return its exit code."""
    options = parser().parse_args(arguments)
    logs.configure(options.log_format, quiet=options.quiet)
    run: Callable[[argparse.Namespace], ExitCode] = options.run
    return exit_code_of(lambda: run(options), log)


if __name__ == "__main__":
    sys.exit(main())
