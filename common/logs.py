"""Log lines on standard error: text for people, JSON for machines."""

import json
import logging
import sys
from argparse import ArgumentParser
from datetime import datetime, timezone

from common import __version__


class _JsonFormatter(logging.Formatter):
    """One JSON object a line. The `figures` of a record become fields of it."""

    def format(self, record: logging.LogRecord) -> str:
        time = datetime.fromtimestamp(record.created, timezone.utc)
        line = {
            "time": time.isoformat(timespec="milliseconds"),
            "level": record.levelname,
            "logger": record.name,
            "message": record.getMessage(),
        }
        return json.dumps(line | getattr(record, "figures", {}), ensure_ascii=False)


def add_options(parser: ArgumentParser) -> None:
    """Add the options that every command has: --log-format, --quiet and --version."""
    log_format = "of the log on standard error (default: text on a terminal, else json)"
    quiet = "print only results, warnings and errors"
    parser.add_argument("--log-format", choices=("text", "json"), help=log_format)
    parser.add_argument("--quiet", action="store_true", help=quiet)
    parser.add_argument("--version", action="version", version=__version__)


def configure(log_format: str | None, *, quiet: bool) -> str:
    """Send log lines to standard error and return their format.

    `log_format` is "text", "json" or None: text on a terminal and JSON elsewhere.
    `quiet` leaves out everything but warnings and errors.
    """
    log_format = log_format or ("text" if sys.stderr.isatty() else "json")
    text = logging.Formatter("%(levelname)s %(name)s: %(message)s")
    handler = logging.StreamHandler()
    handler.setFormatter(_JsonFormatter() if log_format == "json" else text)
    logging.basicConfig(handlers=[handler], level=logging.WARNING, force=True)
    for package in ("loader", "vault"):
        logging.getLogger(package).setLevel(logging.WARNING if quiet else logging.INFO)
    return log_format
