"""When a run is to end, and how long it may try again what fails for a while."""

import logging
import random
import signal
import time
from collections import Counter
from collections.abc import Callable
from itertools import count
from math import inf
from threading import Lock
from types import FrameType
from typing import Any, TypeVar

from loader.errors import TemporaryError

log = logging.getLogger(__name__)

LAND_SECONDS = 5.5
"""After a stop: until then what is in hand may land; then a statement that hangs is cancelled."""

DELETE_SECONDS = 7.5
"""Until then what has landed may be deleted; what is still held is released after that."""

STOP_SECONDS = 9.0
"""Until then all is over: `docker stop` and systemd-run kill after 10 s."""

# Full jitter: https://aws.amazon.com/blogs/architecture/exponential-backoff-and-jitter/
FIRST_PAUSE = 0.1
LONGEST_PAUSE = 5.0

Result = TypeVar("Result")


class Stop:
    """A request to end the run in good order; as a context it listens to SIGTERM and SIGINT.

    The first signal asks; a second one ends the process at once. No locks in here: a signal
    handler may run in the middle of anything.
    """

    def __init__(self) -> None:
        self.reason = ""
        self.since = inf
        self._former: dict[signal.Signals, Any] = {}

    @property
    def requested(self) -> bool:
        """Whether the run is to end."""
        return self.since < inf

    def request(self, reason: str) -> None:
        """Ask for the end; `reason` is for the log."""
        if not self.requested:
            self.reason = reason
            self.since = time.monotonic()

    def overdue(self, seconds: float) -> bool:
        """Whether the end was asked for more than `seconds` ago."""
        return time.monotonic() - self.since > seconds

    def left(self, seconds: float) -> float:
        """Return how much is left of `seconds` after the request; all of it before."""
        return max(0.0, min(seconds, self.since + seconds - time.monotonic()))

    def sleep(self, seconds: float) -> None:
        """Sleep, but not on after a request."""
        until = time.monotonic() + seconds
        while not self.requested and (left := until - time.monotonic()) > 0:
            time.sleep(min(left, 0.1))

    def __enter__(self) -> "Stop":
        for number in (signal.SIGTERM, signal.SIGINT):
            self._former[number] = signal.signal(number, self._signalled)
        return self

    def __exit__(self, *_: object) -> None:
        for number, handler in self._former.items():
            signal.signal(number, handler)

    def _signalled(self, _number: int, _frame: FrameType | None) -> None:
        self.request("stopped by a signal")
        self.__exit__()


class Patience:
    """Tries again what raises TemporaryError, with full jitter, for up to `seconds` each time.

    `failures` counts by kind what was met, healed or not.
    """

    def __init__(self, seconds: float, stop: Stop) -> None:
        self.seconds = seconds
        self.stop = stop
        self.failures: Counter[str] = Counter()
        self._told: dict[str, float] = {}
        self._lock = Lock()

    def retry(self, what: str, action: Callable[[], Result]) -> Result:
        """Call `action` until it succeeds, and return what it returns; `what` is for the log.

        Raises TemporaryError when time is up: `seconds`, or less if the run is to end.
        """
        began = time.monotonic()
        told = False
        for attempt in count():
            try:
                result = action()
            except TemporaryError as error:
                self.count(error.kind)
                longest = min(LONGEST_PAUSE, FIRST_PAUSE * 2**attempt)
                pause = random.uniform(0, longest)  # noqa: S311 # nosec B311
                left = began + self.seconds - time.monotonic()
                if pause > left or self.stop.overdue(DELETE_SECONDS - pause):
                    raise
                told = self._tell(what, error, left) or told
                time.sleep(pause) if self.stop.requested else self.stop.sleep(pause)
            else:
                if told:
                    log.info("%s is back after %.0fs", what, time.monotonic() - began)
                return result
        raise AssertionError  # count() has no end

    def count(self, kind: str, number: int = 1) -> None:
        """Count failures."""
        with self._lock:
            self.failures[kind] += number

    def _tell(self, what: str, error: TemporaryError, left: float) -> bool:
        # Once for all threads that meet it, and not for what the next attempt may heal.
        now = time.monotonic()
        if left > self.seconds - 1 or now - self._told.get(what, -inf) < self.seconds:
            return False
        self._told[what] = now
        log.warning("%s; trying for %.0fs more", error, left)
        return True
