"""The words of the command line: options, settings, and their help."""

import argparse
import re
from collections.abc import Callable

from loader import commands, logs
from loader.receivers import MOST_RECEIVERS
from loader.subcommands import add_commands

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
  0  the queue is drained, or the command is done
  1  stopped early, or something is out of reach: run again
  2  a setting or an argument is wrong      3  credentials or a right are missing
  4  what was received has landed, not all of it is deleted: run again"""


def parser() -> argparse.ArgumentParser:
    """Return the parser; what it parses has in `run` the function of the command."""
    made = argparse.ArgumentParser(
        prog="python -m loader",
        description=DESCRIPTION,
        epilog=EPILOG,
        formatter_class=argparse.RawDescriptionHelpFormatter,
    )
    made.set_defaults(run=commands.drain)
    _add_options(made)
    add_commands(made.add_subparsers(title="commands", metavar="COMMAND"))
    return made


def _add_options(made: argparse.ArgumentParser) -> None:
    made.add_argument(
        "--wait",
        type=_seconds,
        default=60,
        metavar="SECONDS",
        help="how long to wait for what is away or not there yet: SQS, the queue, Postgres, "
        "messages that another receiver holds (default: 60)",
    )
    made.add_argument(
        "--follow", action="store_true", help="go on when the queue is empty, until told to stop"
    )
    made.add_argument(
        "--max-seconds",
        type=_seconds,
        metavar="SECONDS",
        help="stop in good order after that time, empty or not (default: no limit)",
    )
    made.add_argument(
        "--receivers",
        type=_up_to(MOST_RECEIVERS),
        metavar="N",
        help=f"how many requests receive at once, up to {MOST_RECEIVERS} (default: what hides the "
        "network, as measured)",
    )
    made.add_argument(
        "--processes",
        type=_up_to(64),
        default=1,
        metavar="N",
        help="how many processes share the work, up to 64, to use more cores (default: 1)",
    )
    made.add_argument(
        "--metrics-port",
        type=_up_to(65535),
        metavar="PORT",
        help="serve Prometheus metrics and /healthz on that port (default: not served)",
    )
    made.add_argument(
        "--log-format",
        choices=("text", "json"),
        default=logs.default_format(),
        help="of the log on standard error (default: text on a terminal, else json, one object a "
        "line)",
    )
    made.add_argument(
        "--quiet", action="store_true", help="say only what is wrong, without summary and progress"
    )


def _seconds(text: str) -> float:
    if not re.fullmatch(r"\d+(\.\d+)?", text):
        raise argparse.ArgumentTypeError(f"{text!r} is no number of seconds")
    return float(text)


def _up_to(most: int) -> Callable[[str], int]:
    def number(text: str) -> int:
        if not re.fullmatch(r"[1-9]\d{0,4}", text) or int(text) > most:
            raise argparse.ArgumentTypeError(f"{text!r} is no number from 1 to {most}")
        return int(text)

    return number
