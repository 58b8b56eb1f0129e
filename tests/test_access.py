"""What each role may do; what it may not is in test_attacks."""

from collections.abc import Iterator
from pathlib import Path

import psycopg
import pytest

from tests.conftest import Pipeline, new_pipeline
from tests.logins import logins

INSERT = """
    insert into raw.raw_logins (message_id, body, load_id)
    values ('m1', '{}', gen_random_uuid()) on conflict do nothing
"""


@pytest.fixture(scope="module")
def filled(servers: dict[str, str], artifacts: Path) -> Iterator[Pipeline]:
    with new_pipeline(servers, artifacts) as pipeline:
        pipeline.send(logins(3))
        pipeline.build()
        yield pipeline


def test_an_analyst_reads_the_published_models(filled: Pipeline) -> None:
    assert filled.sql("select count(*) from user_logins", role="login_analyst") == [(3,)]
    assert filled.sql("select count(*) from rejected_logins", role="login_analyst") == [(0,)]


def test_the_loader_adds_messages(filled: Pipeline) -> None:
    before = filled.value("select count(*) from raw.raw_logins")
    filled.sql(INSERT, role="login_loader")
    filled.sql(INSERT, role="login_loader")
    assert filled.value("select count(*) from raw.raw_logins") == before + 1


def test_a_stranger_cannot_even_connect(filled: Pipeline) -> None:
    role = "stranger"
    filled.sql(f"create role {role} login password 'x'")
    try:
        with pytest.raises(psycopg.OperationalError, match="permission denied for database"):
            filled.connect(user=role, password="x")
    finally:
        filled.sql(f"drop role {role}")
