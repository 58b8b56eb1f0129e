"""Log lines on standard error: text for people, JSON for machines."""

import json
import logging
import sys
from datetime import datetime, timezone
from typing import Any


class _JsonFormatter(logging.Formatter):
    """One JSON object a line. The `figures` of a record become fields of it."""

    def format(self, record: logging.LogRecord) -> str:
        time = datetime.fromtimestamp(record.created, timezone.utc)
        line: dict[str, Any] = {
            "time": time.isoformat(timespec="milliseconds"),
            "level": record.levelname,
            "logger": record.name,
            "message": record.getMessage(),
        }
        return json.dumps(line | getattr(record, "figures", {}), ensure_ascii=False)


def configure(log_format: str | None = None, *, quiet: bool = False) -> str:
    """Send log lines to standard error and return their format.

    `log_format` is "text" or "json"; by default it is text on a terminal and JSON elsewhere.
    `quiet` leaves out everything but warnings and errors.
    """
    log_format = log_format or ("text" if sys.stderr.isatty() else "json")
    handler = logging.StreamHandler()
    handler.setFormatter(
        _JsonFormatter()
        if log_format == "json"
        else logging.Formatter("%(levelname)s %(name)s: %(message)s")
    )
    logging.basicConfig(handlers=[handler], level=logging.WARNING, force=True)
    for package in ("loader", "vault"):
        logging.getLogger(package).setLevel(logging.WARNING if quiet else logging.INFO)
    return log_format
