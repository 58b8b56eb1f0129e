"""The benchmark of a cluster runs, on programs that do their work. No figure is judged here."""

import subprocess
import sys

from benchmarks.bench_citus import MODELS
from tests.citus import needs_citus
from tests.conftest import ROOT


def run(**environment: str) -> subprocess.CompletedProcess[str]:
    return subprocess.run(
        [sys.executable, "-m", "benchmarks.bench_citus", "--quick", "--rounds", "1"],
        cwd=ROOT,
        env=environment or None,
        check=False,
        capture_output=True,
        text=True,
        timeout=300,
    )


@needs_citus
def test_a_quick_run_measures_both_places() -> None:
    done = run()
    assert done.returncode == 0, done.stderr
    for place in ("one server", "cluster of three"):
        for loaders in ("1 loader", "8 loaders"):
            assert f"  {place}, {loaders} " in done.stdout
    for model in MODELS:
        assert f"  {model} " in done.stdout


def test_without_binaries_it_says_so() -> None:
    done = run(PATH="/usr/bin:/bin")
    assert done.returncode == 2
    assert done.stderr.startswith("CITUS_PG_BIN names no directory")
