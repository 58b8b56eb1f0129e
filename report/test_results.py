"""How dbt's tests ended: counts and names, from the run_results.json of the newest build."""

import json
from collections import Counter
from collections.abc import Mapping
from dataclasses import dataclass
from pathlib import Path
from typing import Any

# https://docs.getdbt.com/reference/artifacts/run-results-json
STATUSES = ("pass", "warn", "fail", "error", "skipped")
COMMANDS = ("build", "test")


@dataclass(frozen=True)
class DbtTestResults:
    """Of a `dbt build` or `dbt test`: nothing that a message of dbt or Postgres says."""

    counts: Mapping[str, int]
    """How many ended with each of STATUSES."""
    conspicuous: list[tuple[str, str]]
    """Status and name of those that did not pass."""
    ended_at: str
    """In UTC, `2026-03-01 12:30`."""

    def ended(self, *statuses: str) -> str:
        """Return the names of those that ended with one of STATUSES, or nothing."""
        return ", ".join(name for status, name in self.conspicuous if status in statuses)


def read_test_results(target: Path) -> DbtTestResults | None:
    """Return how the tests ended, or None where the newest command of dbt there ran no tests."""
    try:
        found: dict[str, Any] = json.loads((target / "run_results.json").read_text("utf-8"))
    except FileNotFoundError:
        return None
    if found["args"].get("which") not in COMMANDS:
        return None
    ended = [
        (result["status"], _name(result["unique_id"]))
        for result in found["results"]
        if result["unique_id"].startswith(("test.", "unit_test."))
    ]
    counts = Counter(status for status, _ in ended)
    return DbtTestResults(
        counts={status: counts[status] for status in STATUSES},
        conspicuous=sorted((status, name) for status, name in ended if status != "pass"),
        ended_at=found["metadata"]["generated_at"][:16].replace("T", " "),
    )


def _name(unique_id: str) -> str:
    """Return `name` of test.project.name.hash or unit_test.project.model.name."""
    kind, _, *rest = unique_id.split(".")
    return rest[-1] if kind == "unit_test" else rest[0]
