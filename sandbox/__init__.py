"""A private Postgres and a private SQS endpoint on this machine, gone when you are.

For the demo and the tests: nothing here is part of the pipeline.
"""

import json
import os
import subprocess
import sys
from collections.abc import Iterator
from contextlib import contextmanager
from pathlib import Path

SAMPLE_MESSAGES = Path(__file__).parent / "sample_messages.jsonl"

OURS = ("PG", "AWS_", "DBT_", "LOGIN_QUEUE", "MASKING_KEY_")
"""Variables that must not leak in from outside, or a try-out could reach a real database."""


class SandboxError(Exception):
    """The sandbox cannot start; one line that says why."""


@contextmanager
def sandbox(messages: Path = SAMPLE_MESSAGES) -> Iterator[dict[str, str]]:
    """Start both servers, fill the queue with the lines of `messages`, and yield the settings.

    The settings are environment variables that PostgreSQL's and AWS's own tools understand.
    The servers belong to a process of their own that ends them when our end of its pipe
    closes: at the end of the block, and also if this process is killed.
    Raises SandboxError if a server does not start or a message is refused.
    """
    with subprocess.Popen(
        [sys.executable, "-m", "sandbox.keeper", str(messages.resolve())],
        stdin=subprocess.PIPE,
        stdout=subprocess.PIPE,
        text=True,
        env=_without_ours(),
        cwd=Path(__file__).parent.parent,
        # Ctrl-C is for the command in the foreground; the servers outlast it.
        start_new_session=True,
    ) as keeper:
        assert keeper.stdout is not None
        answer = json.loads(keeper.stdout.readline() or "{}")
        if "error" in answer or not answer:
            raise SandboxError(answer.get("error", "the servers ended before they were ready"))
        yield answer


def environment(settings: dict[str, str]) -> dict[str, str]:
    """Return this process's environment with the sandbox's settings instead of any others.

    `python`, `dbt` and `psql` are those of this virtual environment and of the sandbox.
    """
    kept = _without_ours()
    path = [str(Path(sys.executable).parent), settings["PATH"], kept.get("PATH", os.defpath)]
    return kept | settings | {"PATH": os.pathsep.join(path)}


def _without_ours() -> dict[str, str]:
    return {
        name: value
        for name, value in os.environ.items()
        if name == "PG_BIN" or not name.startswith(OURS)
    }
