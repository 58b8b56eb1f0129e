"""What was measured of each program, and the tables of it."""

from collections.abc import Callable, Iterable, Sequence
from dataclasses import dataclass, field
from statistics import median

from benchmarks.measure import Bench, Measurement


@dataclass
class Row:
    """One program in one scenario, and what was measured of it in each round."""

    scenario: str
    name: str
    program: Sequence[str]
    messages: int
    large: int = 0
    """Messages of 1 MiB, besides the others."""
    copies: int = 1
    lands: bool = True
    commit: str = ""
    """Set for the loader of the commit that this one is compared to."""
    runs: list[Measurement] = field(default_factory=list)
    empty_runs: list[Measurement] = field(default_factory=list)
    """The same on an empty queue: what starting and ending costs."""

    @property
    def title(self) -> str:
        """What the table calls it."""
        return f"{self.name}, {self.commit}" if self.commit else self.name

    def measure(self, on: Bench, empty_runs: dict[tuple[str, ...], Measurement]) -> None:
        """Run it once more. `empty_runs` are those of this round, which rows share."""
        if self.name == "COPY":
            self.runs.append(on.copy(self.messages))
            return
        same = (*self.program, str(self.copies), self.commit)
        if same not in empty_runs:
            empty_runs[same] = on.measure(self.program, 0, copies=self.copies, lands=self.lands)
        self.empty_runs.append(empty_runs[same])
        self.runs.append(
            on.measure(
                self.program, self.messages, self.large, copies=self.copies, lands=self.lands
            )
        )

    @property
    def rates(self) -> list[float]:
        """Messages a second, in each round."""
        return [run.messages / run.seconds for run in self.runs]

    @property
    def requests(self) -> list[float]:
        """Requests a message, in each round."""
        return [run.requests / run.messages for run in self.runs]

    @property
    def cpu_ms(self) -> list[float]:
        """CPU milliseconds for each thousand messages, in each round."""
        return [
            (run.cpu_seconds - empty.cpu_seconds) * 1e6 / run.messages
            for run, empty in zip(self.runs, self.empty_runs, strict=True)
        ]

    @property
    def peaks(self) -> list[float]:
        """Largest memory of a process in MiB, in each round."""
        return [run.peak_mib for run in self.runs]


FIGURES: dict[str, Callable[[Row], list[float]]] = {
    "a second": lambda row: row.rates,
    "requests": lambda row: row.requests,
    "CPU ms": lambda row: row.cpu_ms,
    "MiB": lambda row: row.peaks,
}


def table(rows: Sequence[Row]) -> str:
    """Return the rows as a table, each with its ratios to the yardsticks of its scenario."""
    titles = ("messages", "a second", "x naive", "of ceiling", "requests", "CPU ms", "MiB")
    lines = [_line("", titles, 12)]
    scenario = ""
    for row in rows:
        if row.scenario != scenario:
            scenario = row.scenario
            lines.append(scenario)
        cells = [f"{row.messages + row.large:,}", f"{median(row.rates):,.0f}"]
        cells += _of_yardsticks(row, [other for other in rows if other.scenario == scenario])
        if row.empty_runs:
            cells += [f"{median(row.requests):.3f}", f"{median(row.cpu_ms):,.0f}"]
            cells.append(f"{max(row.peaks):,.0f}")
        lines.append(_line(f"  {row.title}", cells, 12))
    return "\n".join(lines)


def ratios(rows: Sequence[Row]) -> str:
    """Return the loader's figures divided by those of the commit in the same round.

    Each is the median of the rounds, and in brackets the least and the greatest.
    """
    lines = [_line("loader / commit", FIGURES, 22)]
    of_commit = {(row.scenario, row.name): row for row in rows if row.commit}
    for row in rows:
        former = of_commit.get((row.scenario, row.name))
        if former is None or row.commit:
            continue
        cells = []
        for figure in FIGURES.values():
            found = [a / b for a, b in zip(figure(row), figure(former), strict=True) if b > 0]
            cells.append(
                f"{median(found):.2f} ({min(found):.2f}..{max(found):.2f})" if found else ""
            )
        lines.append(_line(f"{row.scenario}: {row.name}", cells, 22))
    return "\n".join(lines)


def _line(name: str, cells: Iterable[str], wide: int) -> str:
    return f"{name:<34}" + "".join(f"{cell:>{wide}}" for cell in cells)


def _of_yardsticks(row: Row, beside: Sequence[Row]) -> list[str]:
    naive = next((other for other in beside if other.name == "naive"), None)
    ceiling = next(
        (o for o in beside if o.name.startswith("ceiling") and o.copies == row.copies), None
    )
    is_loader = list(row.program[:1]) == ["loader"]
    rate = median(row.rates)
    return [
        f"{rate / median(naive.rates):,.1f}" if naive else "",
        f"{rate / median(ceiling.rates):.0%}" if ceiling and is_loader else "",
    ]
