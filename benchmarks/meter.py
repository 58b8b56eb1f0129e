"""What something takes of Postgres, measured from outside: CPU, write-ahead log, transactions.

CPU is read from /proc: the server runs on this machine, and that is Linux.
"""

import os
from collections.abc import Iterator
from contextlib import contextmanager
from dataclasses import astuple, dataclass
from pathlib import Path
from typing import Any, NamedTuple

import psycopg

WAL = (Path(__file__).parent / "cost_wal.sql").read_text()

TICK = 1 / os.sysconf("SC_CLK_TCK")
"""The unit of CPU time in /proc, in seconds."""


@dataclass(frozen=True)
class Usage:
    """What was used."""

    client_cpu: float = 0.0
    """CPU seconds of the program that was run."""
    postgres_cpu: float = 0.0
    """CPU seconds of all processes of Postgres, autovacuum's among them."""
    wal_bytes: float = 0.0
    """Write-ahead log, without images of whole pages."""
    images: float = 0.0
    """Pages logged whole, as each is when it is first changed after a checkpoint."""
    image_bytes: float = 0.0
    transactions: float = 0.0
    """Transaction ids given out."""

    def __add__(self, other: "Usage") -> "Usage":
        """Return the sum."""
        return Usage(*(a + b for a, b in zip(astuple(self), astuple(other), strict=True)))

    def __sub__(self, other: "Usage") -> "Usage":
        """Return what is left, never less than nothing."""
        return Usage(*(max(0.0, a - b) for a, b in zip(astuple(self), astuple(other), strict=True)))

    def __mul__(self, factor: float) -> "Usage":
        """Return so many times as much."""
        return Usage(*(factor * a for a in astuple(self)))


class Meter:
    """Reads what a server has used since it was asked last. Needs the extension pg_walinspect."""

    def __init__(self, connection: psycopg.Connection) -> None:
        self._connection = connection
        connection.execute("create extension if not exists pg_walinspect")
        self._server = server_of(connection)
        self._start()

    def _start(self) -> None:
        self._lsn = self._row("select pg_current_wal_insert_lsn()")[0]
        # So that there is a record to be found, also if nothing else will be logged.
        self._row("select pg_logical_emit_message(true, 'meter', '')")
        self._transaction, self._images = self._row(
            "select pg_snapshot_xmax(pg_current_snapshot())::text, wal_fpi from pg_stat_wal"
        )
        self._cpu = server_cpu(self._server)

    def _row(self, query: str, **parameters: object) -> tuple[Any, ...]:
        found = self._connection.execute(query.encode(), parameters or None).fetchone()
        assert found
        return found

    @contextmanager
    def running(self) -> Iterator[list[Usage]]:
        """Measure the body; what Postgres used is in the list when it has ended."""
        used: list[Usage] = []
        self._start()
        yield used
        cpu = server_cpu(self._server) - self._cpu
        row = self._row(WAL, lsn=self._lsn, transaction=self._transaction, images=self._images)
        used.append(Usage(0.0, cpu, *map(float, row)))


class Process(NamedTuple):
    """A line of /proc/PID/stat."""

    parent: int
    cpu: float
    ended_children_cpu: float


def _process(pid: int | str) -> Process:
    # The name, in brackets, may hold anything.
    fields = Path(f"/proc/{pid}/stat").read_text().rpartition(")")[2].split()
    user, system, children_user, children_system = map(int, fields[11:15])
    return Process(int(fields[1]), (user + system) * TICK, (children_user + children_system) * TICK)


def server_of(connection: psycopg.Connection) -> int:
    """Return the process id of the server that a connection is to."""
    return _process(connection.info.backend_pid).parent


def server_cpu(server: int) -> float:
    """Return the CPU seconds of a server and of all its processes, those that have ended too."""
    while True:
        before = _process(server)
        running = 0.0
        for place in Path("/proc").glob("[0-9]*"):
            try:
                process = _process(place.name)
            except (FileNotFoundError, ProcessLookupError):
                continue  # it has ended meanwhile
            if process.parent == server:
                running += process.cpu
        after = _process(server)
        # A process that ended in between may have been counted twice, or not at all.
        if after.ended_children_cpu == before.ended_children_cpu:
            return after.cpu + after.ended_children_cpu + running
