"""What each command does: settings in, one of the modules at work, an exit code out."""

import argparse
import logging
import os
import re
import sys
from collections.abc import Sequence
from pathlib import Path
from typing import Any

from loader import keys
from loader.database import connect
from loader.doctor import examine
from loader.drain import Mode, Run
from loader.erasure import erase as erase_user
from loader.erasure import erasure_log, replay
from loader.erasure import purge as purge_messages
from loader.errors import ExitCode, LoaderError
from loader.install import install, is_installed
from loader.metrics import Metrics
from loader.processes import Work, run_processes
from loader.progress import progress
from loader.recovery import recover as recover_values
from loader.recovery import recovery_log
from loader.repair import requeue as requeue_messages
from loader.repair import restamp as restamp_messages
from loader.settings import Settings
from loader.sqs import open_queue
from loader.stop import Patience, Stop
from loader.summary import Summary

log = logging.getLogger(__name__)


def drain(options: argparse.Namespace, settings: Settings) -> ExitCode:
    """Drain or follow the queue; set the database up first if nothing is there."""
    mode = Mode(options.wait, options.follow, options.max_seconds, options.receivers)
    metrics = Metrics()
    if options.metrics_port:
        metrics.serve(options.metrics_port)
    stop = Stop()
    with progress(quiet=options.quiet) as show_progress:

        def show(summary: Summary) -> None:
            show_progress(summary)
            metrics.show(summary)

        patience = Patience(options.wait, stop)
        patience.retry("Postgres", lambda: _set_up_first(settings))
        queue = open_queue(settings.queue, patience)
        for _, denied in queue.denied_actions():
            if denied:  # before messages are received in vain
                raise denied
        if options.processes > 1:
            work = Work(settings, mode, options.log_format, options.quiet)
            with stop:
                summary, exit_code = run_processes(options.processes, work, stop, show)
        else:
            run = Run(settings, queue, mode, patience)
            with stop:  # before this nothing is held, and a signal may simply end it
                summary, exit_code = run.until_over(show)
    if options.log_format == "json":
        log.info("over", extra={"figures": summary.figures() | {"exit_code": exit_code}})
    if not options.quiet:
        print(summary)
    return exit_code


def _set_up_first(settings: Settings) -> None:
    with connect(settings) as connection:
        if not is_installed(connection):
            log.info("first run: setting up the database")
            install(connection, settings.target_schema, os.environ)


def init(_: argparse.Namespace, settings: Settings) -> ExitCode:
    """Create or repair what the database needs."""
    with connect(settings) as connection:
        install(connection, settings.target_schema, os.environ)
    log.info("the database is ready")
    return ExitCode.DRAINED


def doctor(_: argparse.Namespace, settings: Settings) -> ExitCode:
    """Print what is right and what is not."""
    healthy = True
    for finding in examine(settings):
        healthy &= finding.is_ok
        print(finding)
    return ExitCode.DRAINED if healthy else ExitCode.PERMISSION


def recover(options: argparse.Namespace, settings: Settings) -> ExitCode:
    """Print the raw values behind a mask or a message, on record."""
    kind = next(
        kind for kind in ("masked_ip", "masked_device_id", "message_id") if getattr(options, kind)
    )
    with connect(settings) as connection:
        rows = recover_values(
            connection, kind, getattr(options, kind), options.reason, options.ticket
        )
    _print_table(("message_id", "sent_at", "ip", "device_id"), rows)
    log.info("disclosed %d messages, on record", len(rows))
    return ExitCode.DRAINED


def audit(options: argparse.Namespace, settings: Settings) -> ExitCode:
    """Print the record of recoveries, or of erasures."""
    with connect(settings) as connection:
        _print_table(*(erasure_log if options.erasures else recovery_log)(connection))
    return ExitCode.DRAINED


def rotate_key(options: argparse.Namespace, settings: Settings) -> ExitCode:
    """Add a new version of one key, or of each."""
    domains = [options.domain] if options.domain else list(keys.DOMAINS)
    with connect(settings) as connection:
        added = keys.rotate(connection, os.environ, domains)
    log.info("added %s: run `dbt build` to publish everything under it", ", ".join(added))
    return ExitCode.DRAINED


def destroy_key(options: argparse.Namespace, settings: Settings) -> ExitCode:
    """Delete a version of a key, once that is confirmed."""
    name = f"{options.domain}:{options.version}"
    confirmed = options.confirm
    if confirmed is None and sys.stdin.isatty():
        confirmed = input(f"This cannot be undone. Type {name} to destroy that key: ")
    if confirmed != name:
        raise LoaderError(ExitCode.CONFIGURATION, f"not confirmed: say --confirm {name}")
    with connect(settings) as connection:
        keys.destroy(connection, options.domain, options.version, even_in_use=options.even_in_use)
    log.info("destroyed %s here; backups still hold it", name)
    return ExitCode.DRAINED


def erase(options: argparse.Namespace, settings: Settings) -> ExitCode:
    """Erase a person, or again everyone on record."""
    with connect(settings) as connection:
        if options.user_id is not None:
            user_id = (
                sys.stdin.readline().rstrip("\r\n") if options.user_id == "-" else options.user_id
            )
            if not user_id.strip():
                raise LoaderError(ExitCode.CONFIGURATION, "the user id is empty: say whom to erase")
            erased = erase_user(connection, user_id)
            if not erased:
                log.warning("nothing was found of that user: is the id written as it was sent?")
        else:
            erased = replay(connection, _kept_hashes(options.replay))
    log.info(
        "erased %d messages: run `dbt build`; backups and the queue may still hold some", erased
    )
    return ExitCode.DRAINED


def _kept_hashes(file: str) -> list[str]:
    if not file:
        return []
    try:
        text = sys.stdin.read() if file == "-" else Path(file).read_text("utf-8")
    except OSError as error:
        raise LoaderError(ExitCode.CONFIGURATION, f"cannot read {file}: {error.strerror}") from None
    return re.findall(r"\b[0-9a-f]{64}\b", text)


def purge(options: argparse.Namespace, settings: Settings) -> ExitCode:
    """Empty old raw messages."""
    with connect(settings) as connection:
        purged = purge_messages(connection, options.older_than)
    log.info("purged %d messages; their masked rows stay", purged)
    return ExitCode.DRAINED


def requeue(_: argparse.Namespace, settings: Settings) -> ExitCode:
    """Land quarantined messages again."""
    with connect(settings) as connection:
        landed, still_refused = requeue_messages(connection)
    log.info("landed %d messages: run `dbt build`; %d are still refused", landed, still_refused)
    return ExitCode.DRAINED


def restamp(_: argparse.Namespace, settings: Settings) -> ExitCode:
    """Renumber the transactions that messages landed in."""
    with connect(settings) as connection:
        restamp_messages(connection)
    log.info("restamped: the loader and `dbt build` can run")
    return ExitCode.DRAINED


def _print_table(names: Sequence[str], rows: Sequence[Sequence[Any]]) -> None:
    """Print tab-separated values, which a person and `cut` can read."""
    print("\t".join(names))
    for row in rows:
        print("\t".join("" if value is None else _printable(str(value)) for value in row))


def _printable(text: str) -> str:
    """Escape what would be a tab or line of its own, or an order to the terminal."""
    return "".join(c if c.isprintable() else repr(c)[1:-1] for c in text)
