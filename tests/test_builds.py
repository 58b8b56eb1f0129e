"""Builds that overlap, fail, are killed, or made anew in mid-landing: nothing lost or doubled."""

import json
import random
import subprocess
import time
from collections.abc import Callable, Iterator, Sequence
from functools import partial
from pathlib import Path

import psycopg
import pytest
from psycopg import errors

from tests.conftest import ROOT, Pipeline, slowed
from tests.logins import login, logins

LAND = """
    with receipt as (
        insert into raw.loads (load_id, received, landed, already_there, quarantined)
        values (md5(%(id)s)::uuid, 1, 1, 0, 0) returning load_id
    )
    insert into raw.raw_logins (message_id, body, sent_at, load_id)
    select %(id)s, %(body)s, now(), load_id from receipt
"""
MISSING = """
    select count(*) from raw.raw_logins as r full join user_logins as u using (message_id)
    where r.message_id is null or u.message_id is null
"""


def assert_it_adds_up(pipeline: Pipeline) -> None:
    built = pipeline.dbt("build")
    assert built.code == 0, built.output
    nightly = pipeline.dbt("test", "--select", "test_type:data")
    assert nightly.code == 0, nightly.output
    ((landed, *parts),) = pipeline.sql(
        "select landed, logins, rejected, erased from pipeline_health"
    )
    assert landed == sum(parts) == pipeline.value("select count(*) from raw.raw_logins")


def start(pipeline: Pipeline, *arguments: str) -> "subprocess.Popen[str]":
    return subprocess.Popen(
        ["dbt", *arguments],
        env=pipeline.env
        | {"DBT_TARGET_PATH": pipeline.target(pipeline.logs / f"target-{time.time_ns()}")},
        cwd=ROOT,
        stdout=subprocess.PIPE,
        text=True,
    )


def wait_until(pipeline: Pipeline, condition: str) -> None:
    give_up_at = time.monotonic() + 120  # a build takes a minute on a busy machine
    while not pipeline.value(f"select exists (select from pg_stat_activity where {condition})"):
        assert time.monotonic() < give_up_at, condition
        time.sleep(0.05)


@pytest.mark.parametrize("arguments", [(), ("--full-refresh",)])
def test_a_build_that_is_killed_changes_nothing(
    pipeline: Pipeline, arguments: tuple[str, ...]
) -> None:
    pipeline.send([*logins(8), "[]"])
    pipeline.build()
    before = pipeline.sql("select * from user_logins order by message_id")
    pipeline.send(logins(3))
    pipeline.load()
    with slowed(pipeline, "raw.model_windows"):
        build = start(pipeline, "build", *arguments)
        wait_until(pipeline, "wait_event = 'PgSleep'")
        build.kill()
        build.communicate()
        pipeline.sql(
            "select pg_terminate_backend(pid) from pg_stat_activity where wait_event = 'PgSleep'"
        )
    assert pipeline.sql("select * from user_logins order by message_id") == before
    assert_it_adds_up(pipeline)
    assert pipeline.value("select count(*) from user_logins") == 11


@pytest.mark.parametrize(
    "model", ["user_logins", "rejected_logins", "daily_logins", "shared_identifiers"]
)
def test_a_commit_that_fails_takes_the_rows_back(pipeline: Pipeline, model: str) -> None:
    pipeline.send([*logins(8), "[]"])
    pipeline.build()
    pipeline.send([*logins(3), "[]"])
    pipeline.load()
    pipeline.sql(
        "create function public.fail() returns trigger language plpgsql"
        " as $$ begin raise exception 'the commit fails'; end $$"
    )
    pipeline.sql(
        "create constraint trigger fail after update on raw.model_windows"
        " deferrable initially deferred for each row"
        f" when (old.model = 'public.{model}' and new.last_xid <> old.last_xid)"
        " execute function public.fail()"
    )
    before = pipeline.sql(f"select * from {model} order by 1, 2")
    failed = pipeline.dbt("build")
    assert failed.code != 0
    assert "the commit fails" in failed.output
    assert pipeline.sql(f"select * from {model} order by 1, 2") == before
    pipeline.sql("drop trigger fail on raw.model_windows")
    assert_it_adds_up(pipeline)


def test_a_full_refresh_in_mid_landing_leaves_the_rest_to_the_next_build(
    pipeline: Pipeline,
) -> None:
    pipeline.send(logins(5))
    pipeline.build()
    with pipeline.connect() as slow:
        with slow.transaction():
            slow.execute(LAND, {"id": "slow", "body": login(6)})
            pipeline.send(logins(2))
            pipeline.build("--full-refresh")
            assert pipeline.value("select count(*) from user_logins") == 5
        pipeline.send(logins(1))
        pipeline.load()
    assert_it_adds_up(pipeline)
    assert pipeline.value("select count(*) from user_logins") == 9


def test_builds_of_all_kinds_at_once_while_messages_land(pipeline: Pipeline) -> None:
    pipeline.send(logins(20))
    pipeline.build()
    with pipeline.connect() as slow, pipeline.connect() as fast:
        slow.execute("begin")
        slow.execute(LAND, {"id": "slow", "body": login(1)})
        builds = [start(pipeline, "run", *more) for more in ((), ("--full-refresh",), ())]
        for number in range(60):
            fast.execute(LAND, {"id": f"fast-{number}", "body": login(number)})
            time.sleep(0.05)
        slow.execute("commit")
        outputs = [build.communicate(timeout=120)[0] for build in builds]
    # A build whose plan was overtaken by another says so; it has changed nothing.
    for build, output in zip(builds, outputs, strict=True):
        assert build.returncode == 0 or "run it again" in output, output
    assert_it_adds_up(pipeline)
    assert pipeline.value("select count(*) from user_logins") == 81


def test_first_builds_at_once_may_fail_and_can_be_run_again(pipeline: Pipeline) -> None:
    pipeline.send(logins(20))
    pipeline.load()
    for build in [start(pipeline, "run") for _ in range(2)]:
        build.communicate(timeout=120)
    assert_it_adds_up(pipeline)
    assert pipeline.value("select count(*) from user_logins") == 20


def steps_of_the_model(pipeline: Pipeline, logs: Path) -> list[bytes]:
    """Return what dbt sends to Postgres to add new rows to user_logins, the hook included."""
    log_all = ("--log-level-file", "debug", "--log-format-file", "json")
    logged = pipeline.dbt(*log_all, "run", "--select", "user_logins", DBT_LOG_PATH=str(logs))
    assert logged.code == 0, logged.output
    events = map(json.loads, (logs / "dbt.log").read_text("utf-8").splitlines())
    sent = [
        event["data"]["sql"]
        for event in events
        if event["info"]["name"] == "SQLQuery"
        and event["data"]["conn_name"] == "model.login_elt.user_logins"
    ]
    hook_and_insert = [s for s in sent if "raw.open_window(" in s or "insert into" in s]
    assert len(hook_and_insert) == 2
    return [s.encode() for s in hook_and_insert]


class Interleaving:
    """Two sessions that land and two that build, each a random step ahead of the others."""

    def __init__(self, pipeline: Pipeline, steps: list[bytes], chance: random.Random) -> None:
        self.loaders = [pipeline.connect() for _ in range(2)]
        self.builders = [pipeline.connect() for _ in range(2)]
        for builder in self.builders:
            builder.execute("set role login_transformer")
            builder.execute("set lock_timeout = '1ms'")
        self.steps = steps
        self.chance = chance
        self.landed = 0
        self.at: dict[psycopg.Connection, int] = {}

    def advance(
        self, session: psycopg.Connection, script: Sequence[Callable[[psycopg.Connection], None]]
    ) -> None:
        step = self.at.get(session, 0)
        try:
            script[step](session)
        except errors.LockNotAvailable:  # another build is on: this one fails
            session.execute("rollback")
            step = -1
        self.at[session] = (step + 1) % len(script)

    def land(self, loader: psycopg.Connection) -> None:
        self.landed += 1
        loader.execute("begin")
        loader.execute(LAND, {"id": f"m-{self.landed}", "body": login(self.landed)})

    def end(self, loader: psycopg.Connection) -> None:
        loader.execute("rollback" if self.chance.random() < 0.1 else "commit")

    def build(self, builder: psycopg.Connection, step: int) -> None:
        if step == 0:
            builder.execute("begin")
        builder.execute(self.steps[step])
        if step == len(self.steps) - 1:
            builder.execute("commit")

    def move(self) -> None:
        """Let one of the sessions take its next step."""
        loader = self.chance.choice(self.loaders)
        builder = self.chance.choice(self.builders)
        if self.chance.random() < 0.4:
            self.advance(loader, [self.land, self.end])
        else:
            steps = [partial(self.build, step=step) for step in range(len(self.steps))]
            self.advance(builder, steps)

    def finish(self) -> None:
        """End what is open, as it happens, and build once more."""
        for loader in self.loaders:
            loader.execute("commit")
        for builder in self.builders:
            builder.execute("rollback")
        self.at.clear()
        with self.builders[0].transaction():
            for step in self.steps:
                self.builders[0].execute(step)


@pytest.fixture
def interleaving(pipeline: Pipeline, tmp_path: Path) -> Iterator[Interleaving]:
    pipeline.vault("init")
    assert pipeline.dbt("run").code == 0
    made = Interleaving(pipeline, steps_of_the_model(pipeline, tmp_path), random.Random(1000))
    yield made
    for session in made.loaders + made.builders:
        session.close()


def test_a_thousand_interleavings_lose_and_double_nothing(
    pipeline: Pipeline, interleaving: Interleaving
) -> None:
    with pipeline.connect() as check:
        for _ in range(1000):
            for _ in range(interleaving.chance.randrange(6, 20)):
                interleaving.move()
            interleaving.finish()
            assert check.execute(MISSING).fetchone() == (0,)
    assert interleaving.landed > 1000
    assert_it_adds_up(pipeline)


def test_a_window_that_does_not_wait_would_lose_rows(
    pipeline: Pipeline, interleaving: Interleaving
) -> None:
    """The same interleavings find out a window that reads up to the newest transaction."""
    pipeline.sql(
        "create or replace function raw.finished_before() returns xid8 language sql"
        " return pg_snapshot_xmax(pg_current_snapshot())"
    )
    with pipeline.connect() as check:
        for _ in range(1000):
            for _ in range(interleaving.chance.randrange(6, 20)):
                interleaving.move()
            interleaving.finish()
            if check.execute(MISSING).fetchone() != (0,):
                return
    raise AssertionError("it lost nothing")
