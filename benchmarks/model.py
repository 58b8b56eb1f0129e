"""What a load needs, from the coefficients: cores, pages, bytes, and the database for them.

Pure functions of a `Load`; docs/scale.md explains them. What is named a second is an average.
"""

from collections.abc import Callable
from dataclasses import dataclass, replace
from math import ceil
from typing import TypeAlias

from benchmarks import coefficients as c
from benchmarks.coefficients import MEASURED as M

DAY = 86_400
MONTH = c.HOURS_A_MONTH * 3600
MILLION = 1e6
GB = 1e9


@dataclass(frozen=True)
class Load:
    """What is asked for."""

    messages_per_second: float
    retention_days: float = 30
    """How long masked rows and message ids are kept."""
    purge_days: float = 7
    """After how long bodies are purged, every day."""
    builds_per_day: float = 24

    @property
    def counted_again(self) -> float:
        """Logins that each new login has counted again because they are of its day.

        The first build of a day finds one share of it, the last one all of it.
        """
        return (self.builds_per_day + 1) / 2

    @property
    def identifiers_counted_again(self) -> float:
        """Logins that each new login has counted again for its address and its device."""
        return 2 * c.LOGINS_OF_AN_IDENTIFIER_A_MONTH * self.retention_days / 30

    @property
    def kept(self) -> float:
        """Messages within the retention."""
        return self.messages_per_second * self.retention_days * DAY


Demand: TypeAlias = Callable[[Load], float]


def sqs_dollars(requests: float) -> float:
    """Return what so many requests of a month cost, each part of them by its tier."""
    dollars = below = 0.0
    for up_to, price in c.SQS_TIERS:
        dollars += max(0.0, min(requests, up_to) - below) * price / MILLION
        below = up_to
    return dollars


def loader_processes(load: Load) -> int:
    """Return how many processes of the loader land that much, at least one."""
    return max(1, ceil(loader_cores(load) / c.UTILISATION))


def loader_cores(load: Load) -> float:
    """Return the CPU seconds a second of all loaders."""
    return load.messages_per_second * M["land: program CPU s"] / MILLION


def requests_a_month(load: Load) -> float:
    """Return the requests that receive and delete; sending is the sender's."""
    return load.messages_per_second * MONTH * M["land: SQS requests"]


def in_flight(load: Load) -> float:
    """Return the messages received and not yet deleted (Little's law)."""
    return load.messages_per_second * c.SECONDS_IN_FLIGHT


def build_seconds(load: Load, memory_bytes: float) -> float:
    """Return how many seconds of a build a second's messages take, on plain Postgres.

    A model is one INSERT, and that is one process, which computes, and waits for each page that is
    not in memory. The models on top of `user_logins` run side by side: the longest of them counts.
    """
    read = missed(load, memory_bytes) * c.READ_SECONDS
    mask = M["mask: Postgres CPU s"] / MILLION + M["mask: random pages"] * read
    days = _days_cpu(load) / MILLION + load.counted_again * read
    pages = M["identifiers: random pages"] + load.identifiers_counted_again
    identifiers = _identifiers_cpu(load) / MILLION + pages * read
    tests = M["tests: Postgres CPU s"] / MILLION
    each = mask + max(days, identifiers) + tests
    idle = M["idle build: program CPU s"] + M["idle build: Postgres CPU s"]
    return load.messages_per_second * each + idle * load.builds_per_day / DAY


def _days_cpu(load: Load) -> float:
    return M["days: Postgres CPU s"] + load.counted_again * M["days again: Postgres CPU s"]


def _identifiers_cpu(load: Load) -> float:
    once = M["identifiers: Postgres CPU s"] / M["identifiers: logins counted again"]
    return once * load.identifiers_counted_again


def postgres_cores(load: Load, landing: float = 1.0) -> float:
    """Return the CPU seconds a second of all of Postgres; `landing` times as much to land."""
    per_million = (
        landing * M["land: Postgres CPU s"]
        + M["mask: Postgres CPU s"]
        + _days_cpu(load)
        + _identifiers_cpu(load)
        + M["summaries: Postgres CPU s"]
        + M["tests: Postgres CPU s"]
    )
    if load.purge_days < load.retention_days:
        # Every day it looks at every message that is kept.
        looked_at = load.retention_days * M["purge look: Postgres CPU s"]
        per_million += M["purge: Postgres CPU s"] + looked_at
    return load.messages_per_second * per_million / MILLION


def coordinator_cores(load: Load) -> float:
    """Return the CPU seconds a second of the coordinator of a cluster, through which all land."""
    return load.messages_per_second * c.COORDINATOR_LANDING_CPU_S / MILLION


STAGES_THAT_WRITE = ("land", "mask", "identifiers", "purge")


def random_pages(load: Load) -> float:
    """Return the pages of tables and indexes changed in a second, each at another place."""
    per_message = sum(M[f"{stage}: random pages"] for stage in STAGES_THAT_WRITE)
    return load.messages_per_second * per_message


def wal_bytes(load: Load) -> float:
    """Return the write-ahead log of a second.

    In a history of weeks hardly a page is changed twice between two checkpoints, so all are logged
    whole.
    """
    records = sum(M[f"{stage}: WAL bytes"] for stage in STAGES_THAT_WRITE)
    return load.messages_per_second * records + random_pages(load) * M["page image: bytes"]


def written_bytes(load: Load) -> float:
    """Return what goes to the disks in a second: log, changed pages, new rows."""
    new = M["raw_logins: table bytes"] + M["user_logins: table bytes"]
    pages = random_pages(load) * c.PAGE_BYTES
    return wal_bytes(load) + pages + load.messages_per_second * new


def storage(load: Load) -> dict[str, float]:
    """Return the bytes that are kept, by table."""
    with_body = load.messages_per_second * DAY * min(load.purge_days, load.retention_days)
    indexes = M["raw_logins: indexes bytes"]
    login = M["user_logins: table bytes"] + M["user_logins: indexes bytes"]
    return {
        "raw": with_body * (M["raw_logins: table bytes"] + indexes),
        "tombstones": (load.kept - with_body) * (M["tombstone: table bytes"] + indexes),
        "user_logins": load.kept * login,
    }


def missed(load: Load, memory_bytes: float) -> float:
    """Return the share of pages at random places that are not in memory."""
    used_at_random = storage(load)["user_logins"] + load.kept * M["raw_logins: indexes bytes"]
    if not used_at_random:
        return 0.0
    return max(0.0, 1 - c.UTILISATION * memory_bytes / used_at_random)


def disk_operations(load: Load, memory_bytes: float) -> float:
    """Return the pages written and read in a second.

    A page to be changed is read first, unless it is in memory. So is one for each login that is
    counted again: of the index by user for its day, of the table for its identifiers.
    """
    again = load.counted_again + load.identifiers_counted_again
    read = random_pages(load) + load.messages_per_second * again
    return random_pages(load) + missed(load, memory_bytes) * read


class TooMuchError(Exception):
    """No database is enough; one line that says so."""


@dataclass(frozen=True)
class Database:
    """So many nodes of a kind, each of so many vCPUs."""

    kind: c.Kind
    nodes: int
    each: int

    @property
    def vcpus(self) -> int:
        """All vCPUs."""
        return self.nodes * self.each

    @property
    def memory_bytes(self) -> float:
        """All memory."""
        return self.vcpus * self.kind.gib_per_vcpu * 2**30

    def used(self, load: Load) -> dict[str, float]:
        """Return which share of each resource is used, 1 being all that is meant to be."""
        landing = c.CITUS_LANDING_CPU if self.nodes > 1 else 1.0
        sessions = self.vcpus if self.nodes > 1 else 1  # a shard for each, or one INSERT
        largest = self.vcpus / c.LARGEST_NODE  # disks are as fast as nodes are large
        operations = disk_operations(load, self.memory_bytes)
        used = {
            "seconds to build": build_seconds(load, self.memory_bytes) / sessions,
            "CPU seconds": postgres_cores(load, landing) / self.vcpus,
            "disk operations": operations / (c.NODE_OPERATIONS * largest),
            "bytes written": written_bytes(load) / (c.NODE_MIB * 2**20 * largest),
            "bytes of storage": sum(storage(load).values()) / (c.NODE_TIB * 2**40 * self.nodes),
        }
        return {name: share / c.UTILISATION for name, share in used.items()}

    def decides(self, load: Load) -> str:
        """Return the resource that is used most."""
        used = self.used(load)
        return max(used, key=lambda name: used[name])


LARGEST = Database(c.SINGLE, 1, c.LARGEST_NODE)


def database(load: Load) -> Database:
    """Return the smallest database that is enough: one node, else a cluster.

    Raises TooMuchError if no cluster is.
    """
    choices = [Database(c.SINGLE, 1, size) for size in c.NODE_SIZES]
    choices += [Database(c.WORKER, 2, size) for size in c.NODE_SIZES]
    choices += [Database(c.WORKER, n, c.LARGEST_NODE) for n in range(3, c.MOST_NODES + 1)]
    for choice in choices:
        if max(choice.used(load).values()) <= 1:
            return choice
    raise TooMuchError(f"a cluster of {c.MOST_NODES:,} nodes is not enough")


def shares(load: Load) -> dict[str, float]:
    """Return which share of one loader, one queue and one Postgres a load wants."""
    transaction_ids = load.messages_per_second * M["land: transaction ids"]
    return {
        "one loader process": loader_cores(load) / c.UTILISATION,
        "one coordinator: CPU of landing": coordinator_cores(load)
        / (c.COORDINATOR_VCPUS * c.UTILISATION),
        "one queue: 120,000 in flight": in_flight(load) / c.MOST_IN_FLIGHT,
        "one Postgres: a freeze of all tables a day": transaction_ids * DAY / c.FREEZE_AFTER,
        **{f"one Postgres: {name}": used for name, used in LARGEST.used(load).items()},
    }


def met_at(limit: str, load: Load) -> float:
    """Return the messages a second at which a limit of `shares` is met, all else being equal."""
    low, high = 0.0, 1e12
    for _ in range(100):
        middle = (low + high) / 2
        if shares(replace(load, messages_per_second=middle))[limit] <= 1:
            low = middle
        else:
            high = middle
    return low


def limits(load: Load) -> list[tuple[str, float, float]]:
    """Return each limit, its share that is used, and where it is met; the first met first."""
    found = [(name, used, met_at(name, load)) for name, used in shares(load).items()]
    return sorted(found, key=lambda limit: limit[2])
