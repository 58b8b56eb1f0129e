"""A private Citus cluster: a coordinator and two workers, each a server of its own.

For tests and a benchmark of what runs on somebody's own cluster; nothing here needs Citus until a
cluster is started.
"""

import os
import secrets
import signal
import subprocess
import tempfile
import time
from collections.abc import Iterator
from contextlib import ExitStack, contextmanager, suppress
from dataclasses import dataclass
from pathlib import Path

import psycopg
from psycopg import sql

from sandbox.postgres import initdb, server_user
from sandbox.process import end_with_parent, free_port

WORKERS = 2
AMONG_NODES = "login_owner,login_loader,login_transformer,login_analyst,login_recovery"
"""Who needs no password on the coordinator, which also connects to itself."""

WORKER_PORTS = "CITUS_WORKER_PORTS"
"""Where the settings of a cluster, which are those of its coordinator, name its workers."""

START_SECONDS = 30


@dataclass
class Node:
    """One server of the cluster, which can be killed and started again."""

    binaries: Path
    data: Path
    port: int
    password: str
    fsync: bool
    process: "subprocess.Popen[bytes] | None" = None

    def start(self) -> None:
        """Start the server and wait until it takes connections."""
        user = server_user()
        with self.log.open("a") as output:
            self.process = subprocess.Popen(
                [
                    str(self.binaries / "postgres"),
                    f"-D{self.data}",
                    f"-p{self.port}",
                    "-clisten_addresses=127.0.0.1",
                    "-cunix_socket_directories=",
                    f"-cfsync={'on' if self.fsync else 'off'}",
                    "-cshared_preload_libraries=citus,pg_stat_statements",
                    "-cmax_prepared_transactions=100",
                    "-cmax_connections=200",
                    # Readable for the relay of slow_commits.py
                    "-ccitus.node_conninfo=sslmode=disable",
                    # Tests slow statements down by triggers.
                    "-ccitus.enable_unsafe_triggers=on",
                ],
                stdin=subprocess.DEVNULL,
                stdout=output,
                stderr=subprocess.STDOUT,
                # libpq would look for certificates in a home that is not the server's.
                env={"PATH": os.defpath, "HOME": "/nonexistent"},
                cwd="/",
                preexec_fn=end_with_parent,  # noqa: PLW1509 there are no threads
                user=user,
                group=user,
                extra_groups=[] if user is not None else None,
            )
        deadline = time.monotonic() + START_SECONDS
        while True:
            try:
                return _connect(self.port, self.password, "postgres").close()
            except psycopg.OperationalError:
                assert time.monotonic() < deadline, self.log.read_text()[-500:]
                time.sleep(0.05)

    def kill(self) -> None:
        """End the server at once, as a crash would."""
        assert self.process is not None
        self.process.send_signal(signal.SIGQUIT)
        self.process.wait()

    @property
    def log(self) -> Path:
        """What the servers say, all of them."""
        return self.data.parent / "postgres.log"


@dataclass
class Cluster:
    """The coordinator and the workers."""

    coordinator: Node
    workers: list[Node]

    @property
    def nodes(self) -> list[Node]:
        """All of them, the coordinator first."""
        return [self.coordinator, *self.workers]

    def settings(self) -> dict[str, str]:
        """How to connect to the coordinator as its superuser."""
        return {
            "PGHOST": "127.0.0.1",
            "PGPORT": str(self.coordinator.port),
            "PGUSER": "postgres",
            "PGPASSWORD": self.coordinator.password,
            "PGDATABASE": "postgres",
            "PATH": str(self.coordinator.binaries),
            "SANDBOX_LOGS": str(self.coordinator.log.parent),
            WORKER_PORTS: " ".join(str(worker.port) for worker in self.workers),
        }


def create_database(servers: dict[str, str], name: str) -> None:
    """Create a database on a server, or on every node of a cluster, and join the nodes."""
    for port in _ports(servers):
        with _connect(port, servers["PGPASSWORD"], "postgres") as connection:
            connection.execute(sql.SQL("create database {}").format(sql.Identifier(name)))
        if WORKER_PORTS in servers:
            with _connect(port, servers["PGPASSWORD"], name) as connection:
                connection.execute("create extension citus")
    if WORKER_PORTS not in servers:
        return
    coordinator, *workers = _ports(servers)
    with _connect(coordinator, servers["PGPASSWORD"], name) as connection:
        connection.execute("select citus_set_coordinator_host('127.0.0.1', %s)", [coordinator])
        for port in workers:
            connection.execute("select citus_add_node('127.0.0.1', %s)", [port])


def drop_database(servers: dict[str, str], name: str) -> None:
    """Drop a database, on every node."""
    if WORKER_PORTS in servers:
        with (
            _connect(int(servers["PGPORT"]), servers["PGPASSWORD"], name) as connection,
            suppress(psycopg.errors.UndefinedFunction),  # the extension is gone
        ):
            connection.execute("select recover_prepared_transactions()")
    for port in _ports(servers):
        with _connect(port, servers["PGPASSWORD"], "postgres") as connection:
            connection.execute(
                sql.SQL("drop database {} with (force)").format(sql.Identifier(name))
            )


def _ports(servers: dict[str, str]) -> list[int]:
    return [int(servers["PGPORT"]), *map(int, servers.get(WORKER_PORTS, "").split())]


def _connect(port: int, password: str, database: str) -> psycopg.Connection:
    return psycopg.connect(
        host="127.0.0.1",
        port=port,
        user="postgres",
        password=password,
        dbname=database,
        autocommit=True,
    )


@contextmanager
def cluster(binaries: Path, *, fsync: bool = False) -> Iterator[Cluster]:
    """Run a cluster of new servers. Clients give the coordinator a password; nodes trust nodes."""
    password, user = secrets.token_hex(16), server_user()
    nodes = []
    with ExitStack() as running:
        # Not in pytest's directory, which only its owner may enter.
        directory = Path(running.enter_context(tempfile.TemporaryDirectory(prefix="citus-")))
        directory.chmod(0o711)
        for number in range(1 + WORKERS):
            node = Node(binaries, directory / f"node-{number}", free_port(), password, fsync)
            node.data.mkdir(mode=0o700)
            given = directory / f"password-{number}"
            given.write_text(password)
            if user is not None:
                os.chown(node.data, user, user)
                os.chown(given, user, user)
            initdb(binaries, node.data, given, user)
            with (node.data / "postgresql.conf").open("a") as settings:
                # Parts that a crash left prepared are ended soon, not after a minute.
                settings.write("citus.recover_2pc_interval = 2s\n")
            users = "all" if number else AMONG_NODES
            with (node.data / "pg_hba.conf").open("r+") as access:
                others = access.read()
                access.seek(0)
                access.write(f"host all {users} 127.0.0.1/32 trust\n{others}")
            node.start()
            running.callback(node.kill)
            nodes.append(node)
        yield Cluster(nodes[0], nodes[1:])
