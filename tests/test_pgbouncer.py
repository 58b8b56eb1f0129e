"""The loader behind PgBouncer in transaction mode: every transaction may have another session."""

import os
import shutil
import socket
import subprocess
from collections.abc import Iterator
from pathlib import Path
from tempfile import TemporaryDirectory

import pytest

from sandbox.postgres import server_user
from sandbox.process import server
from tests.conftest import ROOT, Pipeline
from tests.logins import login, logins

PROGRAM = shutil.which("pgbouncer", path=f"{os.environ.get('PATH', os.defpath)}:/usr/sbin")
pytestmark = pytest.mark.skipif(not PROGRAM, reason="there is no pgbouncer")

SESSIONS = 2
"""Of Postgres, for all clients together."""

SETTINGS = """
[databases]
* = host={PGHOST} port={PGPORT}
[pgbouncer]
listen_addr = 127.0.0.1
listen_port = {port}
unix_socket_dir =
auth_type = plain
auth_file = {users}
pool_mode = transaction
default_pool_size = {sessions}
max_client_conn = 100
"""


@pytest.fixture
def pooled(pipeline: Pipeline) -> Iterator[Pipeline]:
    """The pipeline, with the pooler in the place of Postgres for its commands."""
    assert PROGRAM
    direct = dict(pipeline.env)
    with TemporaryDirectory(prefix="pgbouncer-") as place:
        directory = Path(place)
        directory.chmod(0o755)
        users = directory / "users"
        users.write_text(f'"{direct["PGUSER"]}" "{direct["PGPASSWORD"]}"\n')

        def command(port: int) -> list[str]:
            ini = directory / "pgbouncer.ini"
            ini.write_text(SETTINGS.format(**direct, port=port, users=users, sessions=SESSIONS))
            return [str(PROGRAM), str(ini)]

        def is_ready(port: int) -> bool:
            with socket.socket() as probe:
                return probe.connect_ex(("127.0.0.1", port)) == 0

        log = directory / "pgbouncer.log"
        with server(command, is_ready, log, user=server_user()) as port:
            pipeline.env["PGPORT"] = str(port)
            yield pipeline
            pipeline.env.update(direct)


def test_loaders_share_two_sessions_and_leave_nothing_of_themselves_in_them(
    pooled: Pipeline,
) -> None:
    assert pooled.vault("init").code == 0
    pooled.send([*logins(600), "{", login(600)])
    loaders = [
        subprocess.Popen(["python", "-m", "loader"], env=pooled.env, cwd=ROOT) for _ in range(4)
    ]
    assert [loader.wait(60) for loader in loaders] == [0, 0, 0, 0]
    assert pooled.sql("select count(*) from raw.raw_logins") == [(601,)]
    assert pooled.sql("select count(*) from raw.quarantined_messages") == [(1,)]
    sessions = pooled.sql(
        "select count(*) from pg_stat_activity"
        " where backend_type = 'client backend' and datname = current_database()"
    )
    assert sessions[0][0] <= SESSIONS
    for _ in range(2 * SESSIONS):
        assert pooled.sql(
            "select current_user = session_user, current_setting('search_path'),"
            " current_setting('idle_in_transaction_session_timeout')"
        ) == [(True, '"$user", public', "0")]


def test_the_privacy_commands_work_behind_a_pooler(pooled: Pipeline) -> None:
    pooled.send([*logins(20)])
    assert pooled.load().code == 0
    message = pooled.value("select min(message_id) from raw.raw_logins")
    found = pooled.vault("recover", "--message-id", message, "--reason", "support case 4711")
    assert found.code == 0, found.stderr
    assert "192.0.2." in found.stdout
    assert pooled.vault("erase", "--user-id", "user-0003").code == 0
    assert pooled.value("select count(*) from raw.raw_logins where removed = 'erased'") == 1
    assert pooled.vault("rotate-key").code == 0
    assert pooled.vault("doctor").code == 0 or "FAIL  queue" in pooled.outputs[-1]
