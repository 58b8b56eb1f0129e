"""One database whose history grows, and what each stage uses in it."""

import math
from collections.abc import Iterator, Sequence
from contextlib import contextmanager
from pathlib import Path
from threading import Event, Thread
from uuid import uuid4

from psycopg.rows import dict_row

from benchmarks.measure import Bench, BenchmarkError
from benchmarks.meter import Meter, Usage

HERE = Path(__file__).parent

PER_DAY = 20_000
"""Messages a day of the history (dbt_messages.sql)."""

DBT = ("dbt.cli.main", "--quiet", "--no-use-colors")

STAGES = {
    "land": ("loader", "--quiet"),
    "mask": (*DBT, "run", "--select", "user_logins", "rejected_logins"),
    "days": (*DBT, "run", "--select", "daily_logins", "daily_app_versions"),
    "identifiers": (*DBT, "run", "--select", "shared_identifiers"),
    "summaries": (*DBT, "run", "--select", "load_receipts", "app_versions", "pipeline_health"),
    "tests": (*DBT, "test"),
}
"""The loader, and a build in parts, so that each is measured alone. (`user_logins` alone would name
the project, and so all models.)"""

Figures = dict[str, float]


class CostBench:
    """One database whose history grows, and what each stage has used in it."""

    def __init__(self, on: Bench, history: int) -> None:
        self._on = on
        self._history = history
        self._meter = Meter(on.connection)
        self._sent = 0
        self._idle: dict[str, Usage] = {}

    def fill(self) -> None:
        """Make the history, build it, and measure what each program takes with nothing to do."""
        size = self._history
        self._psql("dbt_server.sql")
        self._set("wal_compression = on")  # pages logged whole take a third less, for a little CPU
        self._psql("dbt_messages.sql", first=1, last=size, total=size, load=uuid4())
        self._on.run([*DBT, "build"])
        # Vacuum of the history takes CPU and transaction ids that an idle run does not.
        self._set("autovacuum = off")
        self._on.connection.execute("vacuum analyze")
        self._send(0)  # makes the queue
        for _ in range(2):  # the first warms up
            self._idle = {stage: self._run(program) for stage, program in STAGES.items()}
        self._set("autovacuum = on")

    def idle_build(self) -> Usage:
        """Measure `dbt build` with nothing new."""
        return self._run([*DBT, "build"])

    def round(self, messages: int) -> tuple[dict[str, Usage], Figures]:
        """Land so many messages and build them.

        Returns what each stage used, less what it uses with nothing to do, and what was counted.
        """
        self._send(messages)
        with self._watched() as in_flight:
            used = {"land": self._stage("land")}
        stats = self._on.stats()
        if stats["left"]:
            raise BenchmarkError(f"the loader left {stats['left']} messages in the queue")
        counted = {
            "requests": sum(stats["calls"].values()),
            # Little's law: the mean number in flight, times the time, is what all waited together.
            "seconds_in_flight": stats["seconds"] * sum(in_flight) / max(1, len(in_flight)),
        }
        for stage in STAGES:
            if stage != "land":
                used[stage] = self._stage(stage)
            if stage == "mask":
                counted |= self._row("cost_counted_again.sql")
        return used, counted

    def checkpoint(self) -> None:
        """Have the next change of any page log the whole page, and vacuum change none meanwhile."""
        self._set("autovacuum = off")
        self._on.connection.execute("checkpoint")

    def purge(self) -> tuple[Usage, int, Usage, int]:
        """Purge all but the newest days of the history, and then look for more in vain.

        Returns what the purge used, and the messages purged; what the look used, and the messages
        in the table.
        """
        days = max(1, math.ceil(self._history / PER_DAY) - 2)
        program = ["vault", "purge", "--older-than", f"{days}d"]
        purge, look = self._run(program), self._run(program)
        counts = self._row("cost_purged.sql")
        return purge - look, int(counts["purged"]), look, int(counts["messages"])

    def storage(self) -> dict[str, tuple[int, int]]:
        """Return the bytes of each table and of its indexes."""
        found = self._on.connection.execute((HERE / "cost_storage.sql").read_bytes()).fetchall()
        return {name: (table, indexes) for name, table, indexes in found}

    def tombstone_bytes(self) -> float:
        """Return the bytes of a purged message, without indexes."""
        return self._row("cost_purged.sql")["row_bytes"]

    def _stage(self, stage: str) -> Usage:
        return self._run(STAGES[stage]) - self._idle[stage]

    def _run(self, program: Sequence[str]) -> Usage:
        with self._meter.running() as postgres:
            _, usage = self._on.run(program)
        return postgres[0] + Usage(client_cpu=usage.cpu_seconds)

    def _row(self, file: str) -> Figures:
        with self._on.connection.cursor(row_factory=dict_row) as cursor:
            row = cursor.execute((HERE / file).read_bytes()).fetchone()
        assert row
        return {name: float(value) for name, value in row.items()}

    def _set(self, parameter: str) -> None:
        self._on.connection.execute(f"alter system set {parameter}".encode())
        self._on.connection.execute("select pg_reload_conf()")

    def _psql(self, file: str, **variables: object) -> None:
        settings = [f"--set={name}={value}" for name, value in variables.items()]
        self._on.execute(
            ["psql", "-Xq", "--set=ON_ERROR_STOP=1", f"--file={HERE / file}", *settings]
        )

    def _send(self, messages: int) -> None:
        people = self._history // 10  # as many as dbt_messages.sql has
        self._on.fill(messages, first=self._sent, people=people)
        self._sent += messages

    @contextmanager
    def _watched(self) -> Iterator[list[int]]:
        """Ask the queue ten times a second how many messages are in flight."""
        found: list[int] = []
        done = Event()

        def watch() -> None:
            while not done.wait(0.1):
                if in_flight := self._on.stats()["in_flight"]:
                    found.append(in_flight)

        watcher = Thread(target=watch)
        watcher.start()
        try:
            yield found
        finally:
            done.set()
            watcher.join()
