"""What a million messages cost at each stage, in CPU seconds and bytes: `make bench-cost`.

On a history of some days, messages land through the loader and are built, round after round; then
what is old is purged. CPU seconds are counted, not the clock's: others may use the machine. What a
program takes with nothing to do is measured first, and taken off.
"""

import argparse
import sys
from dataclasses import asdict, dataclass
from tempfile import TemporaryDirectory

from benchmarks.cost import STAGES, CostBench, Figures
from benchmarks.measure import Bench, BenchmarkError, bench, database, machine, save, tell
from benchmarks.meter import Usage
from sandbox import SandboxError

FEW = 1000
"""Messages of the last load: so few that hardly two of them change the same page of an index."""

WHAT = {
    "land": "messages landed",
    "mask": "logins masked",
    "days": "logins new to a day",
    "days again": "logins of a day counted again",
    "identifiers": "new logins with their identifiers counted again",
    "summaries": "logins in summaries",
    "tests": "logins tested",
    "purge": "messages purged",
    "purge look": "messages a purge looks at",
}
"""What is counted in a row of the table, by the stage that its figures are named by."""

MILLION = 1e6


@dataclass(frozen=True)
class Sizes:
    """How much is measured."""

    history: int
    messages: int
    """Of each round."""
    rounds: int


FULL = Sizes(history=300_000, messages=50_000, rounds=3)
QUICK = Sizes(history=45_000, messages=300, rounds=1)


def measure(on: Bench, sizes: Sizes) -> Figures:
    """Run all rounds and return the figures, as `benchmarks.coefficients` explains them."""
    cost = CostBench(on, sizes.history)
    tell("history")
    cost.fill()
    idle = cost.idle_build()
    before = cost.storage()
    used = dict.fromkeys(STAGES, Usage())
    counted: Figures = {}
    for number in range(sizes.rounds):
        tell(f"round {number + 1} of {sizes.rounds}")
        used_now, counted_now = cost.round(sizes.messages)
        used = {stage: used[stage] + used_now[stage] for stage in STAGES}
        counted = {name: counted.get(name, 0.0) + value for name, value in counted_now.items()}
    after = cost.storage()
    tell("a few messages")
    cost.checkpoint()
    few, few_counted = cost.round(FEW)
    tell("purge")
    cost.checkpoint()
    purge, purged, look, messages = cost.purge()
    tell("")

    landed = sizes.messages * sizes.rounds
    figures = {
        "land: SQS requests": counted["requests"] / landed,
        "land: seconds in flight": counted["seconds_in_flight"] / landed,
        "land: transaction ids": used["land"].transactions / landed,
    }
    for stage in STAGES:
        figures |= _of_stage(stage, used[stage], landed, few[stage].images / FEW)
    # A day that is counted again for a few new logins costs the counting and little else.
    again = few["days"].postgres_cpu / few_counted["of_days"]
    new = max(0.0, used["days"].postgres_cpu - again * counted["of_days"])
    figures["days: Postgres CPU s"] = new / landed * MILLION
    figures["days again: Postgres CPU s"] = again * MILLION
    figures["identifiers: logins counted again"] = counted["of_masks"] / landed
    figures |= _of_stage("purge", purge, purged, purge.images / purged)
    figures["purge look: Postgres CPU s"] = look.postgres_cpu / messages * MILLION
    figures["idle build: program CPU s"] = idle.client_cpu
    figures["idle build: Postgres CPU s"] = idle.postgres_cpu
    images = sum(few.values(), Usage())
    figures["page image: bytes"] = images.image_bytes / images.images
    for name in ("raw_logins", "user_logins"):
        for number, part in enumerate(("table", "indexes")):
            grown = after[name][number] - before[name][number]
            figures[f"{name}: {part} bytes"] = grown / landed
    figures["tombstone: table bytes"] = cost.tombstone_bytes()
    return figures


def _of_stage(stage: str, used: Usage, messages: int, pages: float) -> Figures:
    return {
        f"{stage}: program CPU s": used.client_cpu / messages * MILLION,
        f"{stage}: Postgres CPU s": used.postgres_cpu / messages * MILLION,
        f"{stage}: WAL bytes": used.wal_bytes / messages,
        f"{stage}: random pages": pages,
    }


def table(figures: Figures) -> str:
    """Return what a million costs at each stage, as a table in Markdown."""
    lines = [
        "| a million | program CPU s | Postgres CPU s | WAL MB | pages at random, M |",
        "|---|---|---|---|---|",
    ]
    for stage, what in WHAT.items():
        cells = [
            f"{figures[f'{stage}: program CPU s']:,.0f}" if stage == "land" else "",
            f"{figures[f'{stage}: Postgres CPU s']:,.1f}",
            f"{figures.get(f'{stage}: WAL bytes', 0):,.0f}",
            f"{figures.get(f'{stage}: random pages', 0):,.1f}",
        ]
        lines.append(f"| {what} | {' | '.join(cells)} |")
    return "\n".join(lines)


def main() -> int:
    """Measure, print, save."""
    parser = argparse.ArgumentParser(
        prog="python -m benchmarks.bench_cost",
        description="Measure what a million messages cost. See benchmarks/README.md.",
    )
    parser.add_argument("--quick", action="store_true", help="see that it works: a few messages")
    sizes = QUICK if parser.parse_args().quick else FULL
    try:
        with database() as (settings, logs), TemporaryDirectory() as work:
            places = {"DBT_TARGET_PATH": f"{work}/target", "DBT_LOG_PATH": f"{work}/logs"}
            with bench(settings | places, logs, latency_ms=0) as on:
                figures = measure(on, sizes)
                version = on.postgres_version
    except (BenchmarkError, SandboxError) as error:
        print(f"bench-cost: {error}", file=sys.stderr)
        return 1
    print(table(figures))
    saved = save("cost", asdict(sizes) | {"figures": figures})
    print(f"\n{machine(version)}; every figure in {saved}")
    return 0


if __name__ == "__main__":
    sys.exit(main())
