"""The command line: `python -m loader [COMMAND]`."""

import argparse
import logging
import os
import re
import sys
from collections.abc import Callable
from datetime import timedelta
from typing import Any

import psycopg

from loader import commands, logs
from loader.errors import ExitCode, LoaderError
from loader.keys import DOMAINS
from loader.receivers import MOST_RECEIVERS
from loader.settings import Settings

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
  1  stopped early: run again    4  what was received landed, not all is deleted: run again
  2  a setting is wrong"""


def main(arguments: list[str] | None = None) -> int:
    """Run the command line and return its exit code."""
    options = _parser().parse_args(arguments)
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


def _parser() -> argparse.ArgumentParser:
    parser = argparse.ArgumentParser(
        prog="python -m loader",
        description=DESCRIPTION,
        epilog=EPILOG,
        formatter_class=argparse.RawDescriptionHelpFormatter,
    )
    parser.set_defaults(run=commands.drain)
    parser.add_argument(
        "--wait",
        type=_seconds,
        default=60,
        metavar="SECONDS",
        help="how long to wait for what is away or not there yet: SQS, the queue, Postgres, "
        "messages that another receiver holds (default: 60)",
    )
    parser.add_argument("--follow", action="store_true", help="go on until told to stop")
    parser.add_argument(
        "--max-seconds",
        type=_seconds,
        metavar="SECONDS",
        help="stop in good order after that time, empty or not",
    )
    parser.add_argument(
        "--receivers",
        type=_up_to(MOST_RECEIVERS),
        metavar="N",
        help="requests at once to receive (default: what hides the network, as measured)",
    )
    parser.add_argument(
        "--processes", type=_up_to(64), default=1, metavar="N", help="for more cores (default: 1)"
    )
    parser.add_argument(
        "--metrics-port",
        type=_up_to(65535),
        metavar="PORT",
        help="serve Prometheus metrics and /healthz",
    )
    parser.add_argument(
        "--log-format",
        choices=("text", "json"),
        default=logs.default_format(),
        help="of standard error (default: text on a terminal, else JSON lines)",
    )
    parser.add_argument("--quiet", action="store_true", help="say only what is wrong")
    subparsers = parser.add_subparsers(title="commands", metavar="COMMAND")

    def command(name: str, run: Callable[..., ExitCode], summary: str, more: str = "") -> Any:
        described = f"{summary[0].upper()}{summary[1:]}. {more}"
        made = subparsers.add_parser(name, help=summary, description=described)
        made.set_defaults(run=run)
        return made

    command(
        "init",
        commands.init,
        "create or repair schemas, roles, grants, raw tables and masking keys",
        "Changes nothing that is right already, and never a key. Needs a superuser, or the owner "
        "of the database with CREATEROLE. A first plain run does it by itself. Keys are made in "
        "the database, unless MASKING_KEY_IP, MASKING_KEY_DEVICE_ID and MASKING_KEY_ERASURE (or "
        "the same with _FILE) provide them in hex or base64.",
    )
    command(
        "doctor",
        commands.doctor,
        "check an installation without changing it",
        "One line for each check; exit code 3 if one of them fails.",
    )

    recovering = command(
        "recover",
        commands.recover,
        "see raw values behind a mask or a message, for a reason, on record",
        "Needs the role login_recovery. Values go to standard output and nowhere else.",
    )
    lookup = recovering.add_mutually_exclusive_group(required=True)
    for kind in ("masked_ip", "masked_device_id", "message_id"):
        lookup.add_argument(f"--{kind.replace('_', '-')}", metavar="VALUE")
    recovering.add_argument("--reason", required=True, help="why, in 10 characters or more")
    recovering.add_argument("--ticket", help="where the reason is on file")

    audit = command("audit", commands.audit, "list requests for raw values and their disclosures")
    audit.add_argument("--erasures", action="store_true", help="list erasures instead")

    rotating = command(
        "rotate-key",
        commands.rotate_key,
        "add a new masking key; the next `dbt build` publishes everything under it",
        "MASKING_KEY_IP and MASKING_KEY_DEVICE_ID may provide it, as for init.",
    )
    rotating.add_argument("--domain", choices=DOMAINS, help="only this one (default: both)")

    destroying = command(
        "destroy-key",
        commands.destroy_key,
        "delete a version of a masking key for good",
        "Refused for a version that masks are computed with, unless --even-in-use says so.",
    )
    destroying.add_argument("--domain", choices=DOMAINS, required=True)
    destroying.add_argument("--version", type=int, required=True)
    destroying.add_argument("--even-in-use", action="store_true")
    destroying.add_argument("--confirm", metavar="DOMAIN:VERSION", help="instead of asking")

    erasing = command(
        "erase", commands.erase, "erase a person, from the raw messages and every model"
    )
    who = erasing.add_mutually_exclusive_group(required=True)
    who.add_argument("--user-id", metavar="ID", help="whom; - reads it from standard input")
    who.add_argument(
        "--replay",
        nargs="?",
        const="",
        metavar="FILE",
        help="everyone on record again, after a restore, and those in FILE (- for standard "
        "input), one user_hash a line as `audit --erasures` prints them",
    )

    command(
        "requeue",
        commands.requeue,
        "land quarantined messages that jsonb accepts by now",
        "For after a fix. What is still refused stays where it is.",
    )
    command(
        "restamp",
        commands.restamp,
        "after a restore into another cluster: let builds go on where they were",
        "Before the loader and the first build run there. Transaction ids of another cluster mean "
        "nothing; this gives new ones in the same order.",
    )

    purging = command(
        "purge", commands.purge, "empty raw messages of a certain age; their masked rows stay"
    )
    purging.add_argument(
        "--older-than", type=_age, required=True, metavar="AGE", help="as 90d, 12h"
    )
    return parser


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


def _age(text: str) -> timedelta:
    found = re.fullmatch(r"(\d+)([dh])", text)
    if not found:
        raise argparse.ArgumentTypeError(f"{text!r} is no age: give days or hours, as 90d or 12h")
    return timedelta(**{{"d": "days", "h": "hours"}[found[2]]: int(found[1])})


if __name__ == "__main__":
    sys.exit(main())
