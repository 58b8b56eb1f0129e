"""From messages a second to loaders, nodes, storage and dollars: `python -m benchmarks.scale`.

`benchmarks.model` calculates, with `benchmarks.coefficients`; docs/scale.md explains the results.
"""

import argparse
import sys
from contextlib import suppress
from dataclasses import dataclass
from math import ceil, inf

from benchmarks import coefficients as c
from benchmarks import model
from benchmarks.model import DAY, MILLION, MONTH, Load

GB = 1e9


@dataclass(frozen=True)
class Line:
    """A line of the bill."""

    what: str
    how_much: str
    dollars: float


def bill(load: Load) -> list[Line]:
    """Return what is needed, and what each part of it costs in a month."""
    chosen, processes = model.database(load), model.loader_processes(load)
    kind, nodes = chosen.kind, chosen.nodes
    requests = model.requests_a_month(load)
    queues = max(1, ceil(model.in_flight(load) / c.MOST_IN_FLIGHT))
    kept = model.storage(load)
    operations = model.disk_operations(load, chosen.memory_bytes) / c.UTILISATION
    mib = model.written_bytes(load) / 2**20 / c.UTILISATION
    log = model.wal_bytes(load) * c.WAL_DAYS * DAY / GB
    loader_hour = c.FARGATE_VCPU_HOUR + c.LOADER_GB * c.FARGATE_GB_HOUR
    coordinator = c.COORDINATOR_VCPUS if nodes > 1 else 0
    return [
        Line(
            "loaders",
            f"{processes:,} of 1 vCPU, {c.LOADER_GB} GB",
            processes * loader_hour * c.HOURS_A_MONTH,
        ),
        Line(
            "SQS",
            f"{requests / MILLION:,.0f} M requests; queues: {queues}",
            model.sqs_dollars(requests),
        ),
        Line(
            kind.name,
            f"{nodes:,} of {chosen.each} vCPU"
            + (f", coordinator of {coordinator}" if coordinator else "")
            + f"; {chosen.decides(load)} decide",
            (chosen.vcpus + coordinator) * kind.vcpu_hour * c.HOURS_A_MONTH,
        ),
        Line(
            "storage",
            ", ".join(f"{name} {size / GB:,.0f} GB" for name, size in kept.items()),
            sum(kept.values()) / c.UTILISATION / GB * kind.gb_month,
        ),
        Line(
            "disk speed",
            f"{operations:,.0f} operations/s, {mib:,.0f} MiB/s",
            max(0.0, operations - kind.free_operations * nodes) * kind.operation_month
            + max(0.0, mib - kind.free_mib * nodes) * kind.mib_month,
        ),
        Line(f"log of {c.WAL_DAYS} days", f"{log:,.0f} GB", log * kind.backup_gb_month),
    ]


def report(load: Load) -> str:
    """Return the bill and the limits as tables in Markdown."""
    lines = bill(load)
    dollars = sum(line.dollars for line in lines)
    messages = load.messages_per_second * MONTH / MILLION
    each = f"${dollars / messages:,.2f} a million messages" if messages else ""
    return "\n".join(
        [
            "| what | how much | $ a month |",
            "|---|---|---|",
            *(f"| {line.what} | {line.how_much} | {line.dollars:,.0f} |" for line in lines),
            f"| **together** | {each} | **{dollars:,.0f}** |",
            "",
            "| limit | used | met at messages a second |",
            "|---|---|---|",
            *(
                f"| {name} | {used:,.2f} | {float(f'{rate:.2g}'):,.0f} |"
                for name, used, rate in model.limits(load)
            ),
        ]
    )


def assumptions(load: Load) -> str:
    """Return what the result rests on."""
    return f"""\
Assumed: bodies purged after {load.purge_days:g} days, rows deleted after {load.retention_days:g}, \
{load.builds_per_day:g} builds a day;
{c.UTILISATION:.0%} of CPU, memory, disks and storage used; a vCPU as fast as the one measured on;
{c.SECONDS_IN_FLIGHT:g} s from receive to delete; {c.LOGINS_OF_AN_IDENTIFIER_A_MONTH:g} logins a \
month of an address or a device;
{1000 * c.READ_SECONDS:g} ms for a page that is not in memory; landing on Citus takes \
{c.CITUS_LANDING_CPU:g} times the CPU;
no replicas, no free tiers; sending is not counted.
Measured: {c.MEASURED_ON}."""


def _positive(text: str) -> float:
    with suppress(ValueError):
        if 0 <= float(text) < inf:
            return float(text)
    raise argparse.ArgumentTypeError(f"{text!r} is no number of 0 or more")


def main() -> int:
    """Print what a load needs. Returns 1 if nothing is enough; exits 2 if it makes no sense."""
    parser = argparse.ArgumentParser(
        prog="python -m benchmarks.scale",
        description="What a load needs, costs and meets first. See docs/scale.md.",
        formatter_class=argparse.ArgumentDefaultsHelpFormatter,
    )
    for name, default, what in (
        ("messages-per-second", 1000.0, "on average"),
        ("retention-days", Load.retention_days, "how long masked rows are kept"),
        ("purge-days", Load.purge_days, "after how long bodies are purged"),
        ("builds-per-day", Load.builds_per_day, "of dbt"),
    ):
        parser.add_argument(f"--{name}", type=_positive, default=default, help=what, metavar="N")
    load = Load(**vars(parser.parse_args()))
    if load.builds_per_day < 1:
        parser.error("--builds-per-day: at least 1")
    if load.purge_days > load.retention_days:
        parser.error("--purge-days: not more than --retention-days")
    try:
        print(report(load))
    except model.TooMuchError as error:
        print(f"scale: {error}", file=sys.stderr)
        return 1
    print(f"\n{assumptions(load)}")
    return 0


if __name__ == "__main__":
    sys.exit(main())
