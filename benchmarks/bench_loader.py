"""How fast the loader is, as ratios to yardsticks measured in the same run: `make bench-loader`."""

import argparse
import sys
from collections.abc import Iterator, Sequence
from contextlib import ExitStack, contextmanager
from dataclasses import asdict, dataclass, replace

from benchmarks.measure import (
    Bench,
    BenchmarkError,
    Measurement,
    bench,
    database,
    former,
    machine,
    save,
    tell,
)
from benchmarks.rows import Row, ratios, table
from sandbox import SandboxError

LOADER = ("loader",)
FOLLOWER = ("loader", "--follow", "--quiet")


@dataclass(frozen=True)
class Sizes:
    """Messages for each program: so many that it has a few seconds to show its rate."""

    naive: dict[float, int]
    """By the endpoint's latency in milliseconds, as `sequential`."""
    sequential: dict[float, int]
    loader: int
    backlogs: tuple[int, ...]
    large: tuple[tuple[int, int], ...]
    """Small messages, and messages of 1 MiB behind them."""
    threads: tuple[int, ...]
    """Of which the ceiling takes the fastest."""
    idle_seconds: float


FULL = Sizes(
    naive={100: 200, 20: 500, 0: 2000},
    sequential={100: 1000, 20: 2000, 0: 10000},
    loader=20_000,
    backlogs=(1000, 20_000, 200_000),
    large=((0, 1000), (20_000, 300)),
    threads=(1, 2, 4, 8, 16, 32),
    idle_seconds=60,
)
QUICK = Sizes(
    naive={0: 20},
    sequential={0: 100},
    loader=300,
    backlogs=(),
    large=((100, 3),),
    threads=(4,),
    idle_seconds=1,
)


@dataclass(frozen=True)
class Sides:
    """The loader, and the one of a commit if it is compared to one: each has a database."""

    on: Bench
    of_commit: Bench | None = None
    commit: str = ""

    def rows(self, *rows: Row) -> list[Row]:
        """Return the rows, and behind each loader the same of the commit."""
        made: list[Row] = []
        for row in rows:
            made.append(row)
            if self.commit and row.program == LOADER:
                made.append(replace(row, commit=self.commit, runs=[], empty_runs=[]))
        return made

    def measure(self, rows: Sequence[Row], rounds: int) -> None:
        """Run each program once a round, so that what slows the machine slows them all."""
        for number in range(rounds):
            empty_runs: dict[tuple[str, ...], Measurement] = {}
            for row in rows if number % 2 == 0 else reversed(rows):
                tell(f"{row.scenario}, round {number + 1} of {rounds}: {row.title}")
                side = self.of_commit if row.commit else self.on
                assert side
                row.measure(side, empty_runs)
        tell("")

    def idle(self, seconds: float) -> dict[str, float]:
        """Return the requests an hour of a loader that follows an empty queue."""
        tell("idle")
        found = {"loader": self.on.idle(FOLLOWER, seconds)}
        if self.of_commit:
            found[f"loader, {self.commit}"] = self.of_commit.idle(FOLLOWER, seconds)
        tell("")
        return found


def latency_rows(sides: Sides, latency_ms: float, sizes: Sizes) -> list[Row]:
    """Return all programs at a latency."""
    scenario = f"{latency_ms:g} ms a call"
    number = sizes.loader

    def ceiling(copies: int) -> Row:
        def program(threads: int) -> list[str]:
            return ["benchmarks.ceiling", f"--threads={threads}"]

        tried = min(number, 3000)
        seconds = {
            n: sides.on.measure(program(n), tried, copies=copies, lands=False).seconds
            for n in sizes.threads
        }
        fastest = min(seconds, key=lambda n: seconds[n])
        name = f"ceiling, {copies} x {fastest} threads"
        return Row(scenario, name, program(fastest), number, copies=copies, lands=False)

    return sides.rows(
        Row(scenario, "naive", ["benchmarks.naive"], sizes.naive[latency_ms]),
        Row(scenario, "sequential", ["benchmarks.sequential"], sizes.sequential[latency_ms]),
        Row(scenario, "loader", LOADER, number),
        Row(scenario, "2 loaders", LOADER, number, copies=2),
        ceiling(1),
        ceiling(2),
        Row(scenario, "COPY", [], number),
    )


def memory_rows(sides: Sides, sizes: Sizes) -> list[Row]:
    """Return the loader with more and more messages, and with large ones."""
    return sides.rows(
        *(Row("backlog", f"{number:,} messages", LOADER, number) for number in sizes.backlogs),
        *(
            Row("large bodies", f"{large:,} behind {small:,} small", LOADER, small, large)
            for small, large in sizes.large
        ),
    )


def run(sizes: Sizes, rounds: int, commit: str = "") -> tuple[list[Row], dict[str, float], str]:
    """Measure everything.

    Returns the rows, the requests an hour of idle loaders, and on what they were measured.
    """
    rows: list[Row] = []
    with database() as (settings, logs), ExitStack() as stack:
        other = stack.enter_context(former(commit, settings)) if commit else None

        @contextmanager
        def at(latency_ms: float) -> Iterator[Sides]:
            with bench(settings, logs, latency_ms) as on:
                if other is None:
                    yield Sides(on)
                    return
                with bench(other[0], logs, latency_ms, other[1]) as of_commit:
                    yield Sides(on, of_commit, commit)

        idle: dict[str, float] = {}
        for latency_ms in sizes.naive:
            with at(latency_ms) as sides:
                here = latency_rows(sides, latency_ms, sizes)
                here += memory_rows(sides, sizes) if latency_ms == 0 else []
                sides.measure(here, rounds)
                rows += here
                idle = idle or sides.idle(sizes.idle_seconds)
                on = machine(sides.on.postgres_version)
        return rows, idle, on


def main() -> int:
    """Measure, print the table, save every figure as JSON."""
    parser = argparse.ArgumentParser(
        prog="python -m benchmarks.bench_loader",
        description="Measure the loader beside its yardsticks. See benchmarks/README.md.",
    )
    parser.add_argument("--rounds", type=int, default=5, help="default: 5, of which the median")
    parser.add_argument("--quick", action="store_true", help="see that it works: a few messages")
    parser.add_argument(
        "--against", default="", metavar="COMMIT", help="compare with the loader of a commit"
    )
    options = parser.parse_args()
    try:
        rows, idle, machine = run(QUICK if options.quick else FULL, options.rounds, options.against)
    except (BenchmarkError, SandboxError) as error:
        print(f"bench-loader: {error}", file=sys.stderr)
        return 1
    print(table(rows))
    print("idle, requests an hour")
    print("\n".join(f"  {name:<32}{requests:>12,.0f}" for name, requests in idle.items()))
    if options.against:
        print(f"\n{ratios(rows)}")
    results = {"machine": machine, "rows": [asdict(row) for row in rows], "idle": idle}
    saved = save("loader", results)
    print(f"\n{machine}; median of {options.rounds}; every run in {saved}")
    return 0


if __name__ == "__main__":
    sys.exit(main())
