"""A Citus cluster beside one server of the same binaries: `make bench-citus`.

The directory with the binaries is CITUS_PG_BIN. All nodes share one machine here, and so a cluster
can only show what it costs to be one; what it gains needs more machines.
"""

import argparse
import json
import os
import sys
import tempfile
from collections.abc import Iterator
from contextlib import contextmanager
from dataclasses import dataclass, field
from pathlib import Path
from statistics import median

from benchmarks.cost import DBT
from benchmarks.measure import Bench, BenchmarkError, Measurement, bench, machine, tell
from benchmarks.meter import server_cpu, server_of
from sandbox import SandboxError
from sandbox.citus import cluster, create_database
from sandbox.postgres import postgres

LATENCY_MS = 20
LOADERS = (1, 8)
MODELS = (
    "user_logins",
    "rejected_logins",
    "daily_logins",
    "daily_app_versions",
    "shared_identifiers",
)


@dataclass
class Place:
    """Where the pipeline runs, and what was measured of it."""

    name: str
    on: Bench
    servers: list[int]
    """The process ids of its nodes, the coordinator's first."""
    loads: dict[int, list[tuple[Measurement, list[float]]]] = field(default_factory=dict)
    """By the number of loaders at once: the figures, and the CPU seconds of the loaders, the nodes
    and the coordinator, less what they take on an empty queue."""
    builds: dict[str, dict[str, float]] = field(default_factory=dict)
    """The seconds of each model, by the build."""

    def load(self, loaders: int, messages: int) -> None:
        """Run so many loaders at once on an empty queue, and on so many messages."""
        idle, _ = self._cpu(loaders, 0)
        used, measured = self._cpu(loaders, messages)
        net = [a - b for a, b in zip(used, idle, strict=True)]
        self.loads.setdefault(loaders, []).append((measured, net))

    def _cpu(self, loaders: int, messages: int) -> tuple[list[float], Measurement]:
        before = [server_cpu(server) for server in self.servers]
        measured = self.on.measure(["loader"], messages, copies=loaders)
        used = [server_cpu(s) - b for s, b in zip(self.servers, before, strict=True)]
        return [measured.cpu_seconds, sum(used), used[0]], measured

    def build(self, name: str, target: Path, *arguments: str) -> None:
        """Build the models and note how long each took."""
        self.on.run([*DBT, "run", "--target-path", str(target), *arguments])
        results = json.loads((target / "run_results.json").read_text())["results"]
        seconds = {r["unique_id"].split(".")[-1]: float(r["execution_time"]) for r in results}
        self.builds[name] = {model: seconds[model] for model in MODELS}


@contextmanager
def places(binaries: Path) -> Iterator[list[Place]]:
    """Run one server and a cluster, both with fsync."""
    with (
        tempfile.TemporaryDirectory(prefix="benchmark-") as directory,
        postgres(Path(directory), fsync=True) as one,
        cluster(binaries, fsync=True) as nodes,
    ):
        settings = nodes.settings()
        create_database(settings, "logins")
        settings |= {"PGDATABASE": "logins"}
        with (
            bench(one, Path(directory), LATENCY_MS) as alone,
            bench(settings, Path(directory), LATENCY_MS) as together,
        ):
            pids = [node.process.pid for node in nodes.nodes if node.process]
            yield [
                Place("one server", alone, [server_of(alone.connection)]),
                Place("cluster of three", together, pids),
            ]


def run(binaries: Path, messages: int, rounds: int) -> str:
    """Measure everything and return the table."""
    with places(binaries) as both, tempfile.TemporaryDirectory() as target:
        for number in range(rounds):
            for loaders in LOADERS:
                for place in both:
                    tell(f"round {number + 1} of {rounds}: {place.name}, loaders: {loaders}")
                    place.load(loaders, messages)
        for place in both:
            tell(f"builds: {place.name}")
            path = Path(target) / place.name.replace(" ", "-")
            place.build("first", path)
            place.on.fill(messages // 10)
            place.on.run(["loader"])
            place.build("new", path)
        tell("")
        return "\n".join(
            [
                f"{machine(both[0].on.postgres_version)}, {LATENCY_MS} ms a call",
                *_loads(both),
                *_builds(both, messages),
            ]
        )


def _loads(both: list[Place]) -> Iterator[str]:
    titles = ("a second", "loader CPU", "server CPU", "coordinator")
    yield f"{'landing':<32}" + "".join(f"{title:>12}" for title in titles) + "  (CPU ms a 1,000)"
    for place in both:
        for loaders, runs in place.loads.items():
            rate = median(measured.messages / measured.seconds for measured, _ in runs)
            cpu = [
                median(kind) * 1e6 / runs[0][0].messages
                for kind in zip(*(net for _, net in runs), strict=True)
            ]
            name = f"{place.name}, {loaders} loader{'s' if loaders > 1 else ''}"
            yield f"  {name:<30}" + "".join(f"{cell:>12,.0f}" for cell in (rate, *cpu))


def _builds(both: list[Place], messages: int) -> Iterator[str]:
    titles = [f"{place.name}, {build}" for build in ("first", "new") for place in both]
    yield f"models, first {messages:,}, new {messages // 10:,}: seconds"
    yield f"{'':<20}" + "".join(f"{title:>24}" for title in titles)
    for model in MODELS:
        cells = [place.builds[build][model] for build in ("first", "new") for place in both]
        yield f"  {model:<18}" + "".join(f"{cell:>24.2f}" for cell in cells)


def main() -> int:
    """Measure and print, and return the exit code."""
    parser = argparse.ArgumentParser(prog="python -m benchmarks.bench_citus", description=__doc__)
    parser.add_argument("--rounds", type=int, default=3, help="how often, 3 by default")
    parser.add_argument("--quick", action="store_true", help="few messages: does everything work?")
    options = parser.parse_args()
    binaries = os.environ.get("CITUS_PG_BIN")
    if not binaries:
        print("CITUS_PG_BIN names no directory with a PostgreSQL that has Citus", file=sys.stderr)
        return 2
    os.environ["PG_BIN"] = binaries
    try:
        print(run(Path(binaries), 300 if options.quick else 30_000, options.rounds))
    except (BenchmarkError, SandboxError) as error:
        print(f"bench-citus: {error}", file=sys.stderr)
        return 1
    return 0


if __name__ == "__main__":
    sys.exit(main())
