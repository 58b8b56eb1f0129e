"""Who may do what, tried out with each role's rights."""

from collections.abc import Iterator
from pathlib import Path

import psycopg
import pytest
from psycopg import errors

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


@pytest.mark.parametrize(
    ("role", "statement"),
    [
        ("login_analyst", "select * from raw.raw_logins"),
        ("login_analyst", "select count(*) from raw.raw_logins"),
        ("login_analyst", "select * from raw.quarantined_messages"),
        ("login_analyst", "select * from raw.loads"),
        ("login_analyst", "select secret from vault.masking_key"),
        ("login_analyst", "copy raw.raw_logins to stdout"),
        ("login_analyst", "delete from user_logins"),
        ("login_analyst", "update user_logins set user_id = 'x'"),
        ("login_analyst", "create table public.copied (x int)"),
        ("login_analyst", "create temporary table copied (x int)"),
        ("login_analyst", "set role login_transformer; reset role"),
        ("login_loader", "select body from raw.raw_logins"),
        ("login_loader", "select message_id from raw.raw_logins"),
        ("login_loader", "select body from raw.quarantined_messages"),
        ("login_loader", INSERT + "returning body"),
        ("login_loader", "update raw.raw_logins set body = '{}'"),
        ("login_loader", "delete from raw.raw_logins"),
        ("login_loader", "truncate raw.raw_logins"),
        (
            "login_loader",
            "insert into raw.raw_logins (message_id, body, load_id, landed_at)"
            " values ('m2', '{}', gen_random_uuid(), now())",
        ),
        (
            "login_loader",
            "insert into raw.raw_logins (message_id, body, load_id, landed_xid)"
            " values ('m2', '{}', gen_random_uuid(), '1')",
        ),
        ("login_loader", "select * from vault.masking_key"),
        ("login_loader", "select * from user_logins"),
        ("login_transformer", "insert into vault.masking_key values ('ip', 9, '', now())"),
        ("login_transformer", "delete from raw.raw_logins"),
        ("login_recovery", "select * from raw.raw_logins"),
        ("login_recovery", "select * from vault.masking_key"),
        ("login_recovery", "select * from user_logins"),
    ],
)
def test_everything_else_is_refused(filled: Pipeline, role: str, statement: str) -> None:
    with filled.connect() as connection:
        # Not merely SET ROLE: the session belongs to the role, and cannot go back.
        connection.execute(f"set session authorization {role}".encode())
        connection.execute("select 1")
        with pytest.raises(errors.InsufficientPrivilege):
            connection.execute(statement.encode())


def test_a_stranger_cannot_even_connect(filled: Pipeline) -> None:
    role = "stranger"
    filled.sql(f"create role {role} login password 'x'")
    try:
        with pytest.raises(psycopg.OperationalError, match="permission denied for database"):
            filled.connect(user=role, password="x")
    finally:
        filled.sql(f"drop role {role}")
