"""How fast the loader is, as ratios to yardsticks measured in the same run: `make bench-loader`."""

import argparse
import sys
from collections.abc import Sequence
from dataclasses import asdict, dataclass, field
from statistics import median

from benchmarks.measure import (
    Bench,
    BenchmarkError,
    Measurement,
    bench,
    database,
    machine,
    save,
    tell,
)
from sandbox import SandboxError


@dataclass
class Row:
    """One program in one scenario, and what was measured of it in each round."""

    scenario: str
    name: str
    program: Sequence[str]
    messages: int
    body_bytes: int = 0
    lands: bool = True
    runs: list[Measurement] = field(default_factory=list)
    empty_runs: list[Measurement] = field(default_factory=list)
    """The same on an empty queue: what starting and ending costs."""

    def measure(self, on: Bench) -> None:
        """Run it once more."""
        if self.name == "COPY":
            self.runs.append(on.copy(self.messages))
            return
        self.empty_runs.append(on.measure(self.program, 0))
        self.runs.append(on.measure(self.program, self.messages, self.body_bytes, lands=self.lands))

    @property
    def rate(self) -> float:
        """Messages a second."""
        return median(run.messages / run.seconds for run in self.runs)

    @property
    def requests(self) -> float:
        """Requests a message."""
        return median(run.requests / run.messages for run in self.runs)

    @property
    def cpu_ms(self) -> float:
        """CPU milliseconds for each thousand messages."""
        net = median(run.cpu_seconds for run in self.runs) - median(
            run.cpu_seconds for run in self.empty_runs
        )
        return net * 1e6 / self.messages

    @property
    def peak_mib(self) -> float:
        """Largest memory of a process, in any round."""
        return max(run.peak_mib for run in self.runs)


@dataclass(frozen=True)
class Sizes:
    """Messages for each program: so many that it has a few seconds to show its rate."""

    naive: dict[float, int]
    """By the endpoint's latency in milliseconds, as `sequential`."""
    sequential: dict[float, int]
    loader: int
    backlogs: tuple[int, ...]
    large: int
    """Messages of 1 MiB."""
    threads: tuple[int, ...]
    """Of which the ceiling takes the fastest."""


FULL = Sizes(
    naive={20: 500, 0: 2000},
    sequential={20: 2000, 0: 10000},
    loader=20000,
    backlogs=(1000, 20000, 200000),
    large=1000,
    threads=(1, 2, 4, 8, 16, 32),
)
QUICK = Sizes(
    naive={20: 20, 0: 50},
    sequential={20: 100, 0: 200},
    loader=300,
    backlogs=(100, 300),
    large=10,
    threads=(4,),
)


def latency_rows(on: Bench, latency_ms: float, sizes: Sizes) -> list[Row]:
    """Return all programs at a latency."""
    scenario = f"{latency_ms:g} ms a call"
    number = sizes.loader

    def ceiling(processes: int) -> Row:
        def program(threads: int) -> list[str]:
            return [
                "benchmarks.ceiling",
                f"--threads={threads}",
                f"--processes={processes}",
            ]

        tried = min(number, 3000)
        seconds = {n: on.measure(program(n), tried, lands=False).seconds for n in sizes.threads}
        fastest = min(seconds, key=lambda n: seconds[n])
        name = f"ceiling, {processes} x {fastest} threads"
        return Row(scenario, name, program(fastest), number, lands=False)

    return [
        Row(scenario, "naive", ["benchmarks.naive"], sizes.naive[latency_ms]),
        Row(scenario, "sequential", ["benchmarks.sequential"], sizes.sequential[latency_ms]),
        Row(scenario, "loader", ["loader"], number),
        Row(scenario, "loader --processes 2", ["loader", "--processes", "2"], number),
        ceiling(1),
        ceiling(2),
        Row(scenario, "COPY", [], number),
    ]


def run(sizes: Sizes, rounds: int) -> tuple[list[Row], str]:
    """Measure everything and return the rows, and on what they were measured."""
    rows: list[Row] = []
    with database() as (settings, logs):
        for latency_ms in (20, 0):
            with bench(settings, logs, latency_ms) as on:
                of_latency = latency_rows(on, latency_ms, sizes)
                rows += of_latency
                _interleave(on, of_latency, rounds)
        with bench(settings, logs, 0) as on:
            of_backlog = [
                Row("backlog", f"loader, {number:,} messages", ["loader"], number)
                for number in sizes.backlogs
            ]
            of_backlog.append(
                Row("large bodies", "loader, 1 MiB each", ["loader"], sizes.large, 2**20)
            )
            rows += of_backlog
            _interleave(on, of_backlog, rounds)
            return rows, machine(on.postgres_version)


def _interleave(on: Bench, rows: Sequence[Row], rounds: int) -> None:
    """Run each program once a round, so that what slows the machine slows them all."""
    for number in range(rounds):
        for row in rows:
            tell(f"{row.scenario}, round {number + 1} of {rounds}: {row.name}")
            row.measure(on)
    tell("")


def table(rows: Sequence[Row]) -> str:
    """Return the rows as a table, each with its ratios to the yardsticks of its scenario."""
    titles = ("", "messages", "a second", "x naive", "of ceiling", "requests", "CPU ms", "MiB")
    lines = [f"{titles[0]:<34}" + "".join(f"{title:>12}" for title in titles[1:])]
    scenario = ""
    for row in rows:
        if row.scenario != scenario:
            scenario = row.scenario
            lines.append(scenario)
        cells = [f"{row.messages:,}", f"{row.rate:,.0f}", *_ratios(row, rows)]
        if row.empty_runs:
            cells += [f"{row.requests:.3f}", f"{row.cpu_ms:,.0f}", f"{row.peak_mib:,.0f}"]
        lines.append(f"  {row.name:<32}" + "".join(f"{cell:>12}" for cell in cells))
    return "\n".join(lines)


def _ratios(row: Row, rows: Sequence[Row]) -> tuple[str, str]:
    beside = [other for other in rows if other.scenario == row.scenario]
    naive = next((other for other in beside if other.name == "naive"), None)
    processes = 2 if row.name.endswith("--processes 2") else 1
    ceiling = next((o for o in beside if o.name.startswith(f"ceiling, {processes}")), None)
    return (
        f"{row.rate / naive.rate:,.1f}" if naive else "",
        f"{row.rate / ceiling.rate:.0%}" if ceiling and row.name.startswith("loader") else "",
    )


def main() -> int:
    """Measure, print the table, save every figure as JSON."""
    parser = argparse.ArgumentParser(
        prog="python -m benchmarks.bench_loader",
        description="Measure the loader beside its yardsticks. See benchmarks/README.md.",
    )
    parser.add_argument("--rounds", type=int, default=5, help="default: 5, of which the median")
    parser.add_argument("--quick", action="store_true", help="see that it works: a few messages")
    options = parser.parse_args()
    try:
        rows, machine = run(QUICK if options.quick else FULL, options.rounds)
    except (BenchmarkError, SandboxError) as error:
        print(f"bench-loader: {error}", file=sys.stderr)
        return 1
    print(table(rows))
    saved = save("loader", {"machine": machine, "rows": [asdict(row) for row in rows]})
    print(f"\n{machine}; median of {options.rounds}; every run in {saved}")
    return 0


if __name__ == "__main__":
    sys.exit(main())
