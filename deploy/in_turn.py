"""Runs commands one after the other: `python -m deploy.in_turn dbt build , dbt source freshness`.

As `a && b` of a shell does, but a stop reaches the command that runs, and nothing comes after it.
A shell that is process 1 would pass no signal on, and the container would be killed. The command
gets SIGTERM, which ends dbt at once: Postgres rolls back what it was building (profiles.yml). At
SIGINT dbt would first try to end its sessions, which it has no right to, and wait for them.
"""

import signal
import subprocess
import sys
from collections.abc import Sequence
from itertools import groupby

BETWEEN = ","


def run(commands: Sequence[Sequence[str]]) -> int:
    """Run them until one fails; return its exit code, or 128 + N where signal N ended it.

    127 stands for a command that is not there, as in a shell.
    """
    running: list[subprocess.Popen[bytes]] = []
    stopped = False

    def stop(*_: object) -> None:
        nonlocal stopped
        stopped = True
        for process in running:
            process.terminate()

    for number in (signal.SIGTERM, signal.SIGINT):
        signal.signal(number, stop)
    for command in commands:
        try:
            process = subprocess.Popen(command)
        except OSError as error:
            print(f"in_turn: cannot run {command[0]}: {error.strerror}", file=sys.stderr)
            return 127
        running[:] = [process]
        if stopped:  # before the list had it
            process.terminate()
        code = process.wait()
        if code:
            return code if code > 0 else 128 - code
    return 0


if __name__ == "__main__":
    words = groupby(sys.argv[1:], lambda word: word == BETWEEN)
    sys.exit(run([list(command) for between, command in words if not between]))
