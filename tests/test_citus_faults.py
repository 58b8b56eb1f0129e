"""A worker of the Citus cluster that crashes, and what the nodes get to see."""

import subprocess
import threading
from collections.abc import Iterator
from contextlib import contextmanager
from pathlib import Path

import pytest

from sandbox.citus import Cluster, Node
from tests.citus import artifacts, needs_citus, nodes, servers
from tests.conftest import Pipeline, one_line, slowed
from tests.faults import sleeping, until
from tests.logins import login, logins
from tests.slow_commits import Relay
from tests.test_builds import MISSING, assert_it_adds_up, start
from tests.test_citus_window import land, relayed, relays

pytestmark = needs_citus


def everywhere(pipeline: Pipeline, query: str) -> list[str]:
    """Ask every worker, and return the answers."""
    return [
        result
        for _, _, is_answered, result in pipeline.sql(
            f"select * from run_command_on_workers($${query}$$)"
        )
        if is_answered
    ]


def on_workers(pipeline: Pipeline, nodes: Cluster, *statements: str) -> None:
    """Run statements on every worker, as its own client."""
    for worker in nodes.workers:
        with pipeline.connect(port=worker.port) as connection:
            for statement in statements:
                connection.execute(statement.encode())


def is_in_the_middle(pipeline: Pipeline) -> bool:
    """Whether a statement that `slowed` slows is at work on a worker."""
    asleep = "select count(*) from pg_stat_activity where wait_event = 'PgSleep'"
    return any(int(count) for count in everywhere(pipeline, asleep))


@contextmanager
def crash(worker: Node) -> Iterator[None]:
    """Let a worker crash, and come back after the block."""
    worker.kill()
    try:
        yield
    finally:
        worker.start()


def test_a_worker_that_crashes_in_mid_landing_loses_nothing(
    pipeline: Pipeline, nodes: Cluster
) -> None:
    pipeline.send([*logins(50), "[]"])
    pipeline.build()
    pipeline.send([*(login(n) for n in range(50, 350)), "{"])
    with slowed(pipeline, "raw.raw_logins", seconds=2):
        loader = subprocess.Popen(
            ["python", "-m", "loader", "--wait", "3"],
            env=pipeline.env,
            stdout=subprocess.PIPE,
            stderr=subprocess.PIPE,
            text=True,
        )
        until(lambda: is_in_the_middle(pipeline))
        with crash(nodes.workers[0]):
            _, said = loader.communicate(timeout=60)
            assert loader.returncode == 1, said
            assert "Postgres failed in the middle" in said
            assert str(nodes.workers[0].port) in said
            assert "Traceback" not in said
            assert "192.0." not in said
    rerun = pipeline.load("--wait", "20")
    assert rerun.code == 0, rerun.output
    assert_it_adds_up(pipeline)
    assert pipeline.value("select count(*) from user_logins") == 350
    assert pipeline.value("select count(*) from raw.quarantined_messages") == 1


@pytest.mark.parametrize("arguments", [(), ("--full-refresh",)])
def test_a_worker_that_crashes_in_mid_build_loses_nothing(
    pipeline: Pipeline, nodes: Cluster, arguments: tuple[str, ...]
) -> None:
    pipeline.send([*logins(50), "[]"])
    pipeline.build()
    before = pipeline.sql("select * from user_logins order by message_id")
    pipeline.send([login(n) for n in range(50, 90)])
    assert pipeline.load().code == 0
    with slowed(pipeline, "raw.model_windows", seconds=2):
        build = start(pipeline, "build", *arguments)
        until(
            lambda: bool(
                pipeline.value("select count(*) from pg_stat_activity where wait_event = 'PgSleep'")
            )
        )
        with crash(nodes.workers[1]):
            said, _ = build.communicate(timeout=60)
            assert build.returncode == 1, said
            assert str(nodes.workers[1].port) in said
            # Not even what could be asked of the others.
            again = pipeline.dbt("build", "--select", "user_logins")
            assert again.code != 0
    assert pipeline.sql("select * from user_logins order by message_id") == before
    assert_it_adds_up(pipeline)
    assert pipeline.value("select count(*) from user_logins") == 90


def test_a_part_that_a_crash_leaves_unfinished_is_waited_for(
    pipeline: Pipeline, nodes: Cluster, relays: list[Relay]
) -> None:
    """Landed for the loader, which then deletes the messages; not yet to be seen on one worker."""
    assert pipeline.dbt("run").code == 0
    with pipeline.connect() as session:
        relays[0].holds = True
        landing = threading.Thread(target=land, args=(session, 0))
        landing.start()
        until(lambda: relays[0].is_holding)
        with crash(nodes.workers[0]):
            relays[0].let_go.set()
            landing.join()
    for _ in range(20):
        pipeline.dbt("run", "--select", "user_logins")
        if not any(everywhere(pipeline, "select string_agg(gid, ' ') from pg_prepared_xacts")):
            break
    assert_it_adds_up(pipeline)
    assert pipeline.value("select count(*) from user_logins") == 8
    assert pipeline.value(MISSING) == 0


@pytest.mark.parametrize("relayed", [b"login_transformer"], indirect=True)
def test_a_build_that_a_crash_leaves_unfinished_is_waited_for(
    pipeline: Pipeline, nodes: Cluster, relays: list[Relay]
) -> None:
    """What follows user_logins must not read it while a part of it is not there to be seen."""
    pipeline.send(logins(40))
    pipeline.build()
    pipeline.send([login(n, device_id="device-0001") for n in range(40, 80)])
    assert pipeline.load().code == 0
    pipeline.sql("alter system set citus.recover_2pc_interval = -1")
    pipeline.sql("select pg_reload_conf()")
    try:
        relays[0].holds = True
        build = start(pipeline, "build")
        until(lambda: relays[0].is_holding)
        with crash(nodes.workers[0]):
            relays[0].let_go.set()
            build.communicate(timeout=60)
            assert build.returncode == 1
        relays[0].holds = False
        unfinished = pipeline.dbt("build")
        assert unfinished.code != 0
        assert "not finished on every node" in unfinished.output
    finally:
        pipeline.sql("alter system reset citus.recover_2pc_interval")
        pipeline.sql("select pg_reload_conf()")
    until(lambda: pipeline.value("select raw.unfinished() = '{}'"), seconds=60)
    assert_it_adds_up(pipeline)
    assert pipeline.value("select count(*) from user_logins") == 80


def test_a_landing_that_is_not_finished_stops_no_model(
    pipeline: Pipeline, relays: list[Relay]
) -> None:
    """Of what loaders land all the time something is always on its way."""
    with pipeline.connect() as session:
        land(session, 0)
        relays[0].holds = True
        landing = threading.Thread(target=land, args=(session, 100))
        landing.start()
        until(lambda: relays[0].is_holding)
        for _ in range(2):
            built = pipeline.dbt("build")
            assert built.code == 0, built.output
        assert pipeline.value("select count(*) from user_logins") == 8
        relays[0].let_go.set()
        landing.join()
    assert_it_adds_up(pipeline)
    assert pipeline.value("select count(*) from user_logins") == 16


def test_a_chunk_with_messages_that_are_there_already_lands_the_others(
    pipeline: Pipeline,
) -> None:
    assert pipeline.vault("init").code == 0
    with pipeline.connect() as session:
        for first in (0, 4, 4, 100):
            land(session, first)
    assert pipeline.value("select count(*) from raw.raw_logins") == 12 + 8
    assert pipeline.value("select count(distinct message_id) from raw.raw_logins") == 12 + 8


def test_a_loader_that_is_sent_to_a_worker_lands_nothing(
    pipeline: Pipeline, nodes: Cluster
) -> None:
    """Transactions are counted on the coordinator."""
    pipeline.send(logins(5))
    pipeline.build()
    pipeline.send(logins(5))
    worker = str(nodes.workers[0].port)
    refused = pipeline.load(PGPORT=worker)
    assert refused.code == 3
    assert "this node is not the coordinator" in one_line(refused)
    # Nor by way of the coordinator.
    refused_there = pipeline.sql(
        "select success, result from run_command_on_workers($$select raw.land(gen_random_uuid(),"
        " array['forged'], array['{}'], array[now()], array[1], array[''], array[''])$$)",
        role="login_loader",
    )
    assert len(refused_there) == len(nodes.workers)
    assert not any(succeeded for succeeded, _ in refused_there)
    assert all("this node is not the coordinator" in result for _, result in refused_there)
    examined = pipeline.vault("doctor", PGPORT=worker).stdout
    assert "FAIL  citus: this is the coordinator: let PGHOST, PGPORT name" in examined
    assert pipeline.load("--wait", "10").code == 0
    assert pipeline.value("select count(*) from raw.raw_logins") == 10


def test_no_node_is_given_a_value_in_the_text_of_a_statement(
    pipeline: Pipeline, nodes: Cluster
) -> None:
    """Not even if a superuser has the nodes log everything, of our roles, too."""
    on_workers(
        pipeline,
        nodes,
        "alter system set log_statement = 'all'",
        "alter system set log_min_duration_statement = 0",
        "select pg_reload_conf()",
    )
    try:
        assert pipeline.vault("init").code == 0
        for role in ("login_owner", "login_loader", "login_transformer", "login_recovery"):
            pipeline.sql(f"alter role {role} reset all")
        pipeline.send([*logins(20), "{", r'["\u0000 192.0.2.1"]', login(3)])
        pipeline.build()
        assert pipeline.vault("rotate-key").code == 0
        pipeline.build()
        mask = pipeline.value("select masked_ip from user_logins limit 1")
        reason = ("--reason", "support case 4711")
        found = pipeline.vault("recover", "--field", "ip", "--mask", mask, *reason)
        assert found.code == 0, found.stderr
        found = pipeline.vault("access", "--user-id", "user-0003", *reason)
        assert found.code == 0, found.stderr
        assert "192.0.2.4" in found.stdout
        assert pipeline.vault("erase", "--user-id", "user-0003").code == 0
        assert pipeline.vault("purge", "--older-than", "0h").code == 0
        secrets = [key.hex() for (key,) in pipeline.sql("select secret from vault.masking_key")]
    finally:
        on_workers(pipeline, nodes, "alter system reset all", "select pg_reload_conf()")
    log = Path(nodes.coordinator.log).read_text("utf-8", "replace")
    assert "INSERT INTO raw.quarantined_messages_" in log
    assert "UPDATE raw.raw_logins_" in log
    for value in ("192.0.2.", "device-00", "user-0003", *secrets):
        assert value not in log


def test_the_doctor_reports_the_distribution(pipeline: Pipeline) -> None:
    pipeline.send(logins(5))
    pipeline.build()
    sound = pipeline.vault("doctor").stdout
    assert "ok    citus: raw.raw_logins is distributed by message_id" in sound
    assert "ok    citus: public.user_logins is distributed by message_id" in sound
    assert "FAIL  citus" not in sound
    assert "FAIL  " not in sound.replace("FAIL  queue", "")
    pipeline.sql("select undistribute_table('public.user_logins')")
    weak = pipeline.vault("doctor").stdout
    assert "FAIL  citus: public.user_logins is distributed by message_id" in weak
    pipeline.build("--full-refresh")
    assert "FAIL  citus" not in pipeline.vault("doctor").stdout
    pipeline.sql("alter role login_loader reset all")
    assert "is open to nobody: the log of login_loader: let" in pipeline.vault("doctor").stdout
    assert pipeline.vault("init").code == 0
    # As on a node that is new: Citus makes what is there, without what was revoked.
    pipeline.sql(
        "select run_command_on_workers($$set citus.enable_ddl_propagation to off;"
        " grant execute on function vault.recovery_log() to public$$)"
    )
    opened = pipeline.vault("doctor").stdout
    assert opened.count("is open to nobody: vault.recovery_log(): let a superuser run") == 2
    assert pipeline.vault("init").code == 0
    assert "FAIL  citus" not in pipeline.vault("doctor").stdout


def test_a_database_that_is_in_use_becomes_a_cluster(pipeline: Pipeline) -> None:
    """Citus is added to what was one server: everything is distributed, nothing is left behind."""
    pipeline.sql("drop extension citus cascade")
    pipeline.send([*logins(30), "[]", "{"])
    pipeline.build()
    before = pipeline.sql("select * from user_logins order by message_id")
    pipeline.sql("create extension citus")
    assert pipeline.vault("init").code == 0
    pipeline.build("--full-refresh")
    assert pipeline.sql("select * from user_logins order by message_id") == before
    assert_it_adds_up(pipeline)
    assert pipeline.value("select count(*) from only raw.raw_logins") == 31
