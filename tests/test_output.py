"""What the loader says: text and a bar on a terminal, JSON lines elsewhere, never a value."""

import fcntl
import json
import os
import pty
import re
import struct
import subprocess
import termios
from datetime import datetime

from tests.conftest import ROOT, Pipeline
from tests.logins import logins


def test_elsewhere_than_on_a_terminal_log_lines_are_json(pipeline: Pipeline) -> None:
    pipeline.send(logins(3))
    loaded = pipeline.load()
    lines = [json.loads(line) for line in loaded.stderr.splitlines()]
    assert lines[0]["message"] == "first run: setting up the database with `python -m vault init`"
    assert lines[0]["level"] == "INFO"
    assert datetime.fromisoformat(lines[0]["time"]).tzinfo
    (summary,) = [line for line in lines if "landed" in line]
    assert (summary["received"], summary["landed"], summary["deleted"]) == (3, 3, 3)
    assert summary["exit_code"] == 0
    assert re.fullmatch(
        r"received 3, landed 3, already there 0, quarantined 0, deleted 3; \d+ requests"
        r" \(\d\.?\d* a message, \$\d\.\d\d per million messages\); \d+ messages/s\n",
        loaded.stdout,
    )


def test_text_may_be_asked_for(pipeline: Pipeline) -> None:
    loaded = pipeline.load("--log-format", "text")
    assert (
        loaded.stderr
        == "INFO loader: first run: setting up the database with `python -m vault init`\n"
    )


def test_quiet_says_only_what_is_wrong(pipeline: Pipeline) -> None:
    pipeline.send(logins(3))
    assert pipeline.load("--quiet").output == ""
    refused = pipeline.load("--quiet", LOGIN_QUEUE="no such/queue")
    assert "give a queue name" in refused.output


def test_a_terminal_shows_a_bar_and_text(pipeline: Pipeline) -> None:
    pipeline.send(logins(2000))
    ours, theirs = pty.openpty()
    fcntl.ioctl(theirs, termios.TIOCSWINSZ, struct.pack("4H", 24, 100, 0, 0))
    with subprocess.Popen(
        ["python", "-m", "loader"],
        env=pipeline.env,
        cwd=ROOT,
        stdout=subprocess.PIPE,
        stderr=theirs,
    ) as loader:
        os.close(theirs)
        shown = b""
        while True:
            try:
                shown += os.read(ours, 10000)
            except OSError:  # Linux's way to say that the other side is closed
                break
    os.close(ours)
    assert loader.returncode == 0
    text = shown.decode()
    assert "INFO loader: first run" in text
    assert re.search(r"landing: +\d+%.*/\d+ \[.*messages/s\]", text)
    assert "192.0." not in text
