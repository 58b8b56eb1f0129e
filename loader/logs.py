"""How log lines look: text for people, JSON lines for machines."""

import json
import logging
import sys
from datetime import datetime, timezone
from typing import Any


class _JsonFormatter(logging.Formatter):
    """One JSON object a line; what a record has as `figures` become fields of it."""

    def format(self, record: logging.LogRecord) -> str:
        time = datetime.fromtimestamp(record.created, timezone.utc)
        line: dict[str, Any] = {
            "time": time.isoformat(timespec="milliseconds"),
            "level": record.levelname,
            "logger": record.name,
            "message": record.getMessage(),
        }
        return json.dumps(line | getattr(record, "figures", {}), ensure_ascii=False)


def configure(log_format: str, *, quiet: bool) -> None:
    """Send log lines to standard error, as "text" or "json"; `quiet` leaves out the good news."""
    handler = logging.StreamHandler()
    handler.setFormatter(
        _JsonFormatter()
        if log_format == "json"
        else logging.Formatter("%(levelname)s %(name)s: %(message)s")
    )
    logging.basicConfig(handlers=[handler], level=logging.WARNING, force=True)
    logging.getLogger("loader").setLevel(logging.WARNING if quiet else logging.INFO)


def default_format() -> str:
    """Return "text" on a terminal, "json" elsewhere."""
    return "text" if sys.stderr.isatty() else "json"
