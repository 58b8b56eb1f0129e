"""When a run ends, and how long it tries again what may pass by itself."""

import random
import signal
import time
from collections import Counter
from collections.abc import Callable
from itertools import count
from math import inf
from typing import TypeVar

from common.errors import TemporaryError
from loader import log

# Seconds after a stop; `docker stop` kills after ten:
# https://docs.docker.com/reference/cli/docker/container/stop/
RECEIVE_SECONDS = 5.5  # until then requests under way may still bring messages
LAND_SECONDS = 6.5  # until then these may land; a statement that hangs is then cancelled
DELETE_SECONDS = 7.5  # until then landed messages may be deleted; then the rest is released
STOP_SECONDS = 9.0  # until then everything has ended

# Full jitter: https://aws.amazon.com/blogs/architecture/exponential-backoff-and-jitter/
FIRST_PAUSE, LONGEST_PAUSE = 0.1, 5.0

Result = TypeVar("Result")


class Stop:
    """A request to end the run in good order.

    There is no lock in here: a signal handler may run in the middle of anything.
    """

    def __init__(self) -> None:
        self.reason = ""
        self._since = inf

    @property
    def requested(self) -> bool:
        """Whether the run ends."""
        return self.overdue(0)

    def request(self, reason: str, after: float = 0) -> None:
        """Ask for the end in `after` seconds. The first end counts; its reason goes to the log."""
        if not self.requested:
            self.reason, self._since = reason, time.monotonic() + after

    def on_signals(self) -> None:
        """Ask for the end at SIGTERM or SIGINT. A second one ends the process at once."""

        def signalled(*_: object) -> None:
            self.request("stopped by a signal")
            for number in (signal.SIGTERM, signal.SIGINT):
                signal.signal(number, signal.SIG_DFL)

        for number in (signal.SIGTERM, signal.SIGINT):
            signal.signal(number, signalled)

    def overdue(self, seconds: float) -> bool:
        """Whether the end was due `seconds` ago or earlier."""
        return time.monotonic() - self._since >= seconds

    def sleep(self, seconds: float) -> None:
        """Sleep; a request cuts it short."""
        until = time.monotonic() + seconds
        while not self.requested and (left := until - time.monotonic()) > 0:
            time.sleep(min(left, 0.1))


class Patience:
    """Tries again after a TemporaryError, with full jitter, for up to `seconds` each time."""

    def __init__(self, seconds: float, stop: Stop) -> None:
        self.seconds, self.stop = seconds, stop
        self.failures: Counter[str] = Counter()  # by kind, also those that passed

    def retry(self, server: str, action: Callable[[], Result]) -> Result:
        """Call `action` until it succeeds, and return its result; `server` is for the log.

        Raises TemporaryError when time is up: after `seconds`, or earlier if the run ends.
        """
        began, has_warned = time.monotonic(), False
        for attempt in count():
            try:
                result = action()
                break
            except TemporaryError as error:
                self.failures[error.kind] += 1
                longest = min(LONGEST_PAUSE, FIRST_PAUSE * 2**attempt)
                pause = random.uniform(0, longest)  # noqa: S311 # nosec B311
                left = began + self.seconds - time.monotonic()
                if pause > left or self.stop.overdue(DELETE_SECONDS - pause):
                    raise
                if not has_warned and left < self.seconds - 1:  # it does not pass by itself
                    log.warning("%s; trying for %.0fs more", error, left)
                    has_warned = True
                time.sleep(pause) if self.stop.requested else self.stop.sleep(pause)
        if has_warned:
            log.info("%s is back after %.0fs", server, time.monotonic() - began)
        return result
