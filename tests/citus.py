"""Fixtures of a Citus cluster. A module that imports them runs its tests there."""

import os
from collections.abc import Iterator
from pathlib import Path

import pytest

from sandbox.citus import Cluster, cluster
from sandbox.sqs import sqs

BINARIES = os.environ.get("CITUS_PG_BIN")
needs_citus = pytest.mark.skipif(
    not BINARIES, reason="CITUS_PG_BIN names no directory with a PostgreSQL that has Citus"
)


@pytest.fixture(scope="module")
def nodes() -> Iterator[Cluster]:
    assert BINARIES
    with cluster(Path(BINARIES)) as made:
        yield made


@pytest.fixture(scope="module")
def servers(nodes: Cluster, tmp_path_factory: pytest.TempPathFactory) -> Iterator[dict[str, str]]:
    directory = tmp_path_factory.mktemp("sqs")
    nothing = directory / "none.jsonl"
    nothing.touch()
    with sqs(directory, nothing) as queues:
        yield nodes.settings() | queues


@pytest.fixture(scope="module")
def artifacts(tmp_path_factory: pytest.TempPathFactory) -> Path:
    return tmp_path_factory.mktemp("dbt-citus")
