"""No row is missed on a Citus cluster, where a transaction ends on one node after the other."""

import itertools
import logging
import random
import re
import threading
import uuid
from collections.abc import Iterator
from contextlib import ExitStack
from dataclasses import dataclass, field
from pathlib import Path

import psycopg
import pytest

from tests.citus import artifacts, needs_citus, nodes, servers
from tests.conftest import Pipeline
from tests.faults import until
from tests.logins import login
from tests.slow_commits import Relay, relay
from tests.test_builds import MISSING, assert_it_adds_up, steps_of_the_model

pytestmark = needs_citus
log = logging.getLogger(__name__)

CHUNK = 8
"""Messages that land together: enough for both workers."""

LANDED_BY = b"login_owner"
"""As whom the coordinator lands messages on the workers."""

LAND = (
    "select * from raw.land(%(load)s, %(ids)s, %(bodies)s, %(times)s, %(counts)s,"
    " %(texts)s, %(texts)s)"
)


@pytest.fixture
def relayed(request: pytest.FixtureRequest) -> bytes:
    """Whose commits the relays hold up."""
    return getattr(request, "param", LANDED_BY)


@pytest.fixture
def relays(pipeline: Pipeline, relayed: bytes) -> Iterator[list[Relay]]:
    """Put a relay between the coordinator and each of its workers."""
    workers = pipeline.sql(
        "select nodeid, nodeport from pg_dist_node where groupid <> 0 order by nodeid"
    )
    assert pipeline.vault("init").code == 0
    with ExitStack() as running:
        made = []
        for node, port in workers:
            one, relay_port = running.enter_context(relay(port, relayed))
            pipeline.sql(f"select citus_update_node({node}, '127.0.0.1', {relay_port})")
            made.append(one)
        pipeline.sql("select start_metadata_sync_to_all_nodes()")
        yield made


def land(session: psycopg.Connection, first: int, messages: int = CHUNK) -> None:
    """Land a chunk, as the loader does."""
    numbers = range(first, first + messages)
    with session.transaction():
        session.execute("set local role login_loader")
        load = uuid.uuid4()
        session.execute(
            "insert into raw.loads (load_id, received, landed, already_there, quarantined)"
            " values (%s, %s, %s, 0, 0)",
            [load, messages, messages],
        )
        session.execute(
            LAND,
            {
                "load": load,
                "ids": [f"m-{number}" for number in numbers],
                "bodies": [login(number) for number in numbers],
                "times": [None] * messages,
                "counts": [1] * messages,
                "texts": [None] * messages,
            },
        )


@dataclass
class Loader:
    """A session that lands one chunk after the other until it is told to stop."""

    session: psycopg.Connection
    first: int
    stop: threading.Event = field(default_factory=threading.Event)
    landed: int = 0

    def run(self) -> None:
        while not self.stop.is_set():
            land(self.session, self.first + self.landed)
            self.landed += CHUNK


@dataclass
class Builder:
    """A session that builds user_logins again and again, by the statements that dbt sends."""

    session: psycopg.Connection
    steps: list[bytes]
    waited: int = 0

    def build(self) -> None:
        with self.session.transaction():
            opened, insert = self.steps
            ((is_held_back,),) = self.session.execute(
                "select raw.finished_before() < pg_snapshot_xmin(pg_current_snapshot())"
            )
            self.waited += is_held_back
            self.session.execute(opened)
            (ends,) = self.session.execute(
                "select last_xid, first_xid from raw.model_windows"
                " where model = 'public.user_logins'"
            )
            # The ends of the window are written out, as the materialization does.
            literals = itertools.cycle(f"'{end}'::xid8".encode() for end in ends)
            self.session.execute(re.sub(rb"'\d+'::xid8", lambda _: next(literals), insert))


@pytest.fixture
def builder(pipeline: Pipeline, relays: list[Relay], tmp_path: Path) -> Iterator[Builder]:
    assert relays
    built = pipeline.dbt("run")
    assert built.code == 0, built.output
    with pipeline.connect() as session:
        session.execute("set role login_transformer")
        yield Builder(session, steps_of_the_model(pipeline, tmp_path))


def without_asking_the_nodes(pipeline: Pipeline) -> None:
    """Set the rule of one server."""
    pipeline.sql(
        "create or replace function raw.finished_before() returns xid8 language sql"
        " return pg_snapshot_xmin(pg_current_snapshot())"
    )


def test_new_rows_go_straight_from_shard_to_shard(pipeline: Pipeline, builder: Builder) -> None:
    ((shards,),) = pipeline.sql(
        "select count(*) from pg_dist_shard where logicalrelid = 'public.user_logins'::regclass"
    )
    # In a block, so that an error quotes no row.
    insert = re.search(rb"insert into .*?(?=;\s+exception)", builder.steps[1], re.DOTALL)
    assert insert
    plan = [line for (line,) in builder.session.execute(b"explain " + insert[0])]
    assert f"  Task Count: {shards}" in plan
    assert any(re.fullmatch(r" +->  Insert on user_logins_\d+ .*", line) for line in plan)
    assert any(re.search(r" on raw_logins_\d+ ", line) for line in plan)
    # What passes through the coordinator is planned as a subplan, or as a pull to it.
    assert not any("coordinator" in line or "Subplan" in line for line in plan)


@pytest.mark.parametrize("asks_the_nodes", [True, False])
def test_a_transaction_ends_on_the_coordinator_before_it_does_on_the_workers(
    pipeline: Pipeline, relays: list[Relay], builder: Builder, asks_the_nodes: bool
) -> None:
    """The experiment: a commit held up on its way to a worker, and a build meanwhile."""
    if not asks_the_nodes:
        without_asking_the_nodes(pipeline)
    with pipeline.connect() as session:
        relays[0].holds = True
        landing = threading.Thread(target=land, args=(session, 0))
        landing.start()
        until(lambda: relays[0].is_holding)
        builder.build()
        relays[0].let_go.set()
        landing.join()
    builder.build()
    missing = pipeline.value(MISSING)
    if asks_the_nodes:
        assert missing == 0
    else:
        assert 0 < missing < CHUNK  # those of one worker, and for good


def test_a_single_message_is_landed_in_two_phases_too(
    pipeline: Pipeline, relays: list[Relay]
) -> None:
    """In one phase its node would commit first, and a lost answer would leave it there, unknown."""
    with pipeline.connect() as session:
        for one in relays:
            one.holds = True
        landing = threading.Thread(target=land, args=(session, 0, 1))
        landing.start()
        until(lambda: any(one.is_holding for one in relays))
        for one in relays:
            one.let_go.set()
        landing.join()
    assert pipeline.value("select count(*) from raw.raw_logins") == 1


def interleave(pipeline: Pipeline, relays: list[Relay], builder: Builder, builds: int) -> int:
    """Build while two sessions land and every commit is late on each worker; count what landed."""
    for one in relays:
        one.longest_delay = 0.1
    with pipeline.connect() as first, pipeline.connect() as second:
        loaders = [Loader(first, 0), Loader(second, 1_000_000)]
        threads = [threading.Thread(target=loader.run) for loader in loaders]
        for thread in threads:
            thread.start()
        try:
            chance = random.Random(1000)
            for _ in range(builds):
                builder.build()
                threading.Event().wait(chance.random() * 0.01)
        finally:
            for loader in loaders:
                loader.stop.set()
            for thread in threads:
                thread.join()
    builder.build()
    return sum(loader.landed for loader in loaders)


def test_a_thousand_builds_among_slow_commits_miss_and_double_nothing(
    pipeline: Pipeline, relays: list[Relay], builder: Builder
) -> None:
    landed = interleave(pipeline, relays, builder, 1000)
    assert pipeline.value("select count(*) from raw.raw_logins") == landed
    assert pipeline.value(MISSING) == 0
    assert builder.waited > 100  # or the delays would have shown nothing
    log.info("%d rows; %d builds stopped before an unfinished one", landed, builder.waited)
    assert_it_adds_up(pipeline)


def test_the_rule_of_one_server_would_miss_rows(
    pipeline: Pipeline, relays: list[Relay], builder: Builder
) -> None:
    without_asking_the_nodes(pipeline)
    interleave(pipeline, relays, builder, 100)
    assert pipeline.value(MISSING) > 0


def test_a_transaction_is_known_by_its_last_32_bits(pipeline: Pipeline) -> None:
    """One that is newer than the snapshot, too."""
    pipeline.vault("init")
    assert pipeline.sql(
        "select raw.with_epoch(id::xid) = id from (select pg_current_xact_id()) as new (id)"
    ) == [(True,)]
    pipeline.sql("insert into raw.model_windows (model) values ('public.m')")
    assert pipeline.value(
        "select raw.with_epoch(xmin) < pg_current_xact_id() from raw.model_windows"
    )
