"""Threads: those that delete and release in parallel, and how any of ours is started."""

from collections.abc import Callable
from queue import SimpleQueue
from threading import Condition, Thread


def start(target: Callable[[], None], failed: Callable[[BaseException], None]) -> Thread:
    """Start a thread that hands on what it raises, and that does not keep the process alive."""

    def run() -> None:
        try:
            target()
        except BaseException as error:
            failed(error)

    thread = Thread(target=run, daemon=True)
    thread.start()
    return thread


class Workers:
    """Threads that carry out jobs, as many as there are jobs, up to `most()`."""

    def __init__(self, most: Callable[[], int], failed: Callable[[BaseException], None]) -> None:
        self._most = most
        self._failed = failed
        self._jobs: SimpleQueue[Callable[[], None]] = SimpleQueue()
        self._changed = Condition()
        self._unfinished = 0
        self._started = 0

    def submit(self, job: Callable[[], None]) -> None:
        """Have a job done. What it raises goes to `failed`; later jobs are done all the same."""
        with self._changed:
            self._unfinished += 1
            if self._started < min(self._unfinished, self._most()):
                start(self._work, self._failed)
                self._started += 1
        self._jobs.put(job)

    def wait(self, seconds: float, unfinished: int = 0) -> bool:
        """Wait until at most `unfinished` jobs are left; tell whether that is so."""
        with self._changed:
            return self._changed.wait_for(lambda: self._unfinished <= unfinished, seconds)

    def _work(self) -> None:
        while True:
            job = self._jobs.get()
            try:
                job()
            except BaseException as error:
                self._failed(error)
            with self._changed:
                self._unfinished -= 1
                self._changed.notify_all()
