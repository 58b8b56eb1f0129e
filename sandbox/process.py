"""A server process in the sandbox: started on a free port, stopped for certain."""

import ctypes
import signal
import socket
import subprocess
import sys
import time
from collections.abc import Callable, Iterator, Mapping, Sequence
from contextlib import contextmanager
from pathlib import Path

from sandbox import SandboxError

START_SECONDS = 30
STOP_SECONDS = 10
PORTS_TRIED = 5


@contextmanager
def server(
    command: Callable[[int], Sequence[str]],
    is_ready: Callable[[int], bool],
    log: Path,
    *,
    environment: Callable[[int], Mapping[str, str]] | None = None,
    user: int | None = None,
) -> Iterator[int]:
    """Run `command(port)` on a free port of 127.0.0.1 until the block ends; yield the port.

    Another process may take the port before the server does: then it exits, and the next port
    is tried. Its output goes to the file `log`. `user` is the uid to run as, if not ours.
    Raises SandboxError with the end of the log if it is not ready within 30 s.
    """
    for _ in range(PORTS_TRIED):
        port = free_port()
        with log.open("w") as output:
            process = subprocess.Popen(
                command(port),
                stdin=subprocess.DEVNULL,
                stdout=output,
                stderr=subprocess.STDOUT,
                env=environment(port) if environment else None,
                cwd=log.parent,
                # Should we be killed, and so unable to stop it
                preexec_fn=end_with_parent,  # noqa: PLW1509 there are no threads
                user=user,
                group=user,
                extra_groups=[] if user is not None else None,
            )
        try:
            deadline = time.monotonic() + START_SECONDS
            while process.poll() is None and time.monotonic() < deadline:
                if is_ready(port):
                    yield port
                    return
                time.sleep(0.05)
        finally:
            ended = process.poll() is not None
            _stop(process)
        if not ended:
            break
    lines = log.read_text().strip().splitlines() or ["no output"]
    raise SandboxError(f"{Path(command(0)[0]).name} did not start: {lines[-1]}")


def end_with_parent() -> None:
    """Have the kernel end this process when its parent ends (PR_SET_PDEATHSIG, Linux only)."""
    if sys.platform == "linux":
        ctypes.CDLL(None).prctl(1, signal.SIGTERM)


def _stop(process: "subprocess.Popen[bytes]") -> None:
    process.send_signal(signal.SIGINT)  # to Postgres: disconnect everyone and shut down
    try:
        process.wait(STOP_SECONDS)
    except subprocess.TimeoutExpired:
        process.kill()
        process.wait()


def free_port() -> int:
    """Return a port of 127.0.0.1 that nobody listens on now."""
    with socket.socket() as probe:
        probe.bind(("127.0.0.1", 0))
        return int(probe.getsockname()[1])
