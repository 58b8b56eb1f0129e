"""The benchmark of dbt runs and says what it should; how fast it is, no test asks."""

import json
import subprocess
import sys
from pathlib import Path

from tests.conftest import ROOT

RATIOS = {
    "first build: dbt / by hand",
    "first build: dbt / extracted",
    "first build: dbt / constants",
    "new rows on 300: model step / by hand",
    "new rows on 600: model step / by hand",
    "new rows: model step, long / short history",
    "new rows: dbt build, long / short history",
    "nothing new: dbt / psql",
}


def test_a_small_run_prints_and_writes_every_figure(tmp_path: Path) -> None:
    file = tmp_path / "bench.json"
    small = ("--rows", "300", "600", "--new", "20", "--rounds", "1", "--json", str(file))
    done = subprocess.run(
        [sys.executable, "-m", "benchmarks.bench_dbt", *small],
        cwd=ROOT,
        check=False,
        capture_output=True,
        text=True,
        timeout=600,
    )
    assert done.returncode == 0, done.stdout + done.stderr
    figures = json.loads(file.read_text())["figures"]
    assert figures.keys() >= RATIOS
    assert all(figures[name] > 0 for name in RATIOS)
    assert [line.split(maxsplit=1)[1] for line in done.stdout.splitlines()] == list(figures)
