"""Several processes on one queue, for more than one core: each a run of its own."""

import logging
import signal
import time
from collections.abc import Callable
from contextlib import suppress
from dataclasses import dataclass
from functools import reduce
from multiprocessing import get_context
from multiprocessing.connection import Connection
from operator import add
from threading import Thread

from loader import logs
from loader.drain import Mode, Run
from loader.errors import ExitCode, LoaderError
from loader.settings import Settings
from loader.sqs import open_queue
from loader.stop import Patience, Stop
from loader.summary import Summary

log = logging.getLogger(__name__)

REPORT_SECONDS = 0.5

WORST_FIRST = (
    ExitCode.PERMISSION,
    ExitCode.CONFIGURATION,
    ExitCode.NOT_DELETED,
    ExitCode.RETRYABLE,
    ExitCode.DRAINED,
)


@dataclass(frozen=True)
class Work:
    """What each process needs to know."""

    settings: Settings
    mode: Mode
    log_format: str
    quiet: bool


def run_processes(
    number: int,
    work: Work,
    stop: Stop,
    show: Callable[[Summary], None],
) -> tuple[Summary, ExitCode]:
    """Run `number` processes until all are over; return their sum and the worst of their ends.

    A pipe joins each to us. What it sends is its summary, and last its exit code. When we ask it
    to stop, or are gone and the pipe with us, it stops in good order.
    """
    context = get_context("spawn")
    # A signal to the whole group is for us: our children hear of it by their pipes.
    former = signal.pthread_sigmask(signal.SIG_BLOCK, (signal.SIGTERM, signal.SIGINT))
    summaries: dict[Connection, Summary] = {}
    exit_codes: dict[Connection, ExitCode] = {}
    for _ in range(number):
        ours, theirs = context.Pipe()
        context.Process(target=_work, args=(theirs, work), daemon=True).start()
        theirs.close()
        summaries[ours] = Summary()
    signal.pthread_sigmask(signal.SIG_SETMASK, former)
    told = False
    while len(exit_codes) < number:
        time.sleep(0.1)
        for connection in summaries.keys() - exit_codes.keys():
            try:
                while connection.poll() and connection not in exit_codes:
                    sent = connection.recv()
                    if isinstance(sent, Summary):
                        summaries[connection] = sent
                    else:
                        exit_codes[connection] = sent
            except (EOFError, OSError):
                log.error("a loader process ended before its time: run again")
                exit_codes[connection] = ExitCode.RETRYABLE
            if stop.requested and not told:
                with suppress(OSError):
                    connection.send("stop")
        told = stop.requested
        show(reduce(add, summaries.values()))
    return reduce(add, summaries.values()), min(exit_codes.values(), key=WORST_FIRST.index)


def _work(connection: Connection, work: Work) -> None:
    logs.configure(work.log_format, quiet=work.quiet)
    reported = 0.0

    def tell(news: Summary | ExitCode) -> None:
        with suppress(OSError):  # our parent is gone
            connection.send(news)

    def report(summary: Summary) -> None:
        nonlocal reported
        if time.monotonic() - reported > REPORT_SECONDS:
            reported = time.monotonic()
            tell(summary)

    def stop_when_told() -> None:
        with suppress(OSError, EOFError):
            connection.recv()
        stop.request("stopped with the others")

    stop = Stop()
    Thread(target=stop_when_told, daemon=True).start()
    patience = Patience(work.mode.wait_seconds, stop)
    try:
        queue = open_queue(work.settings.queue, patience)
        run = Run(work.settings, queue, work.mode, patience)
        summary, exit_code = run.until_over(report)
        tell(summary)
    except LoaderError as error:
        log.error("%s", error)
        exit_code = error.exit_code
    tell(exit_code)
