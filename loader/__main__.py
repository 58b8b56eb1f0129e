"""The command line: `python -m loader`."""

import argparse
import os
import re
import subprocess
import sys
from contextlib import suppress
from importlib.util import find_spec
from math import inf

from tqdm import tqdm
from tqdm.contrib.logging import logging_redirect_tqdm

from common import logs
from common.database import INIT, connect, postgres_settings
from common.errors import ExitCode, LoaderError
from loader import log
from loader.landing import is_set_up, require_rights
from loader.metrics import Metrics, Summary
from loader.rounds import Rounds
from loader.settings import queue_settings
from loader.sqs import open_queue
from loader.stop import Patience, Stop

DESCRIPTION = """\
Land every message of an SQS queue in Postgres, each exactly once, and delete it from the queue
only after the commit. Start it more than once to use more cores."""

EPILOG = """\
settings (environment):
  LOGIN_QUEUE            queue name, URL or ARN (default: login-queue)
  AWS_ENDPOINT_URL       SQS endpoint other than AWS (default without LOGIN_QUEUE:
                         http://localhost:4566)
  AWS_REGION, AWS_PROFILE, AWS_ACCESS_KEY_ID ...   as boto3 reads them (region: us-east-1)
  PGHOST, PGPORT, PGUSER, PGPASSWORD, PGDATABASE   as libpq reads them
                         (default: localhost, 5432, postgres, postgres, postgres)

exit codes:
  0  the queue is drained
  1  stopped early, or a server is out of reach: run again
  2  a setting or an argument is wrong
  3  credentials, a right or the set-up of the database are missing
  4  all received messages have landed, not all are deleted: run again"""

WAIT = """how long to wait for a server that is away, a queue that does not exist yet and messages
that another receiver holds (default: 60)"""
FOLLOW = "wait for new messages when the queue is empty, until a signal"
LIMIT = "stop after that time, even if messages are left (default: no limit)"
PORT = "serve Prometheus metrics and /healthz on that port (default: not served)"


def parser() -> argparse.ArgumentParser:
    """Return the parser of the command line."""
    made = argparse.ArgumentParser(
        prog="python -m loader",
        description=DESCRIPTION,
        epilog=EPILOG,
        formatter_class=argparse.RawDescriptionHelpFormatter,
    )
    made.add_argument("--wait", type=_seconds, default=60, metavar="SECONDS", help=WAIT)
    made.add_argument("--follow", action="store_true", help=FOLLOW)
    made.add_argument("--max-seconds", type=_seconds, default=inf, metavar="SECONDS", help=LIMIT)
    made.add_argument("--metrics-port", type=int, metavar="PORT", help=PORT)
    logs.add_options(made)
    return made


def _seconds(text: str) -> float:
    if not re.fullmatch(r"\d+(\.\d+)?", text):
        raise argparse.ArgumentTypeError(f"{text!r} is not a number of seconds")
    return float(text)


def main(arguments: list[str] | None = None) -> int:
    """Run the command line and return its exit code."""
    options = parser().parse_args(arguments)
    options.log_format = logs.configure(options.log_format, quiet=options.quiet)
    try:
        return drain(options)
    except LoaderError as error:
        log.error("%s", error)
        return error.exit_code
    except KeyboardInterrupt:  # before anything was received
        log.error("interrupted: run again")
        return ExitCode.RETRYABLE


def drain(options: argparse.Namespace) -> ExitCode:
    """Drain or follow the queue. Before anything is received, check rights on both sides."""
    queue_to_read, postgres = queue_settings(os.environ), postgres_settings(os.environ)
    metrics, stop = Metrics(), Stop()
    patience = Patience(options.wait, stop)
    if options.metrics_port:
        metrics.serve(options.metrics_port)
    patience.retry("Postgres", lambda: _require_database(postgres, options.log_format))
    queue = open_queue(queue_to_read, patience)
    for _, denied in queue.denied_actions():
        if denied:
            raise denied
    # disable=None shows the bar on a terminal only.
    bar = tqdm(desc="landing", unit=" messages", disable=options.quiet or None, leave=False)

    def show(summary: Summary) -> None:
        metrics.show(summary)
        received = summary.counts["received"]
        bar.total = received + summary.backlog
        bar.update(received - bar.n)

    # Until here nothing is held, and a signal may simply end the process.
    stop.on_signals()
    stop.request("--max-seconds are over", options.max_seconds)
    with bar, logging_redirect_tqdm():
        summary, exit_code = Rounds(postgres, queue, patience, options.follow).run(show)
    if options.log_format == "json":
        ended = {"seconds": round(summary.seconds, 3), "exit_code": exit_code}
        log.info("over", extra={"figures": {**summary.counts, **ended}})
    if not options.quiet:
        with suppress(BrokenPipeError):  # its reader has gone
            print(summary, flush=True)
    return exit_code


def _require_database(postgres: dict[str, str], log_format: str) -> None:
    """Set an empty database up, where that is possible, and insist on the rights to land."""
    with connect(postgres) as connection:
        if not is_set_up(connection):
            _set_up(log_format)
        require_rights(connection)


def _set_up(log_format: str) -> None:
    if not find_spec("vault"):
        failed = f"the database is not set up: let an administrator run `{INIT}` from the project"
        raise LoaderError(ExitCode.PERMISSION, failed)
    log.info("first run: setting up the database with `%s`", INIT)
    # A process of its own: the loader knows nothing of what guards the data.
    command = [sys.executable, "-m", "vault", "--log-format", log_format, "--quiet", "init"]
    ended = subprocess.run(command, stdin=subprocess.DEVNULL, check=False)
    if ended.returncode:
        raise SystemExit(max(1, ended.returncode))  # it has said why, and what to do


if __name__ == "__main__":
    exit_code = main()
    # Not sys.exit: it waits for a request to SQS that hangs, until the request times out.
    os._exit(exit_code)
