"""Walls against insiders: what a server logs, whose code runs, who can stand in the way.

Each test is an attack, or what an administrator does in good faith.
"""

import hmac
import subprocess
import sys
from collections.abc import Iterator
from pathlib import Path

import pytest
from psycopg import sql

from tests.conftest import Pipeline, one_line
from tests.logins import login, logins

REASON = ("--reason", "because the test asks")
KEYS = {f"MASKING_KEY_{name}": digit * 32 for name, digit in (("IP", "a7"), ("DEVICE_ID", "b8"))}
NEW_KEYS = {"MASKING_KEY_IP": "c9" * 32, "MASKING_KEY_DEVICE_ID": "da" * 32}
EVERYTHING_IS_LOGGED = {
    "session_preload_libraries": "auto_explain",
    "auto_explain.log_analyze": "on",
    "auto_explain.log_min_duration": "0",
    "auto_explain.log_nested_statements": "on",
    "auto_explain.log_verbose": "on",
    "debug_pretty_print": "off",
    "debug_print_plan": "on",
    "log_min_duration_statement": "0",
    "log_parameter_max_length": "-1",
    "log_parameter_max_length_on_error": "-1",
    "log_statement": "all",
}


def configure(pipeline: Pipeline, **settings: str) -> None:
    """Let every session of the database have these settings."""
    database = sql.Identifier(pipeline.env["PGDATABASE"])
    with pipeline.connect() as connection:
        for name, value in settings.items():
            statement = "alter database {} set {} = {}"
            parameter = sql.SQL(".").join(sql.Identifier(part) for part in name.split("."))
            connection.execute(sql.SQL(statement).format(database, parameter, sql.Literal(value)))


@pytest.fixture
def dora(pipeline: Pipeline) -> Iterator[dict[str, str]]:
    """A login that is a member of login_transformer, in a database that is set up and built."""
    pipeline.send(logins(6))
    pipeline.build()
    pipeline.sql("create role dora login password 'x' in role login_transformer")
    yield {"PGUSER": "dora", "PGPASSWORD": "x"}
    pipeline.sql("drop owned by dora cascade")
    pipeline.sql("drop role dora")


def as_transformer(pipeline: Pipeline, *statements: str) -> None:
    for statement in statements:
        pipeline.sql(statement, role="login_transformer")


def is_taken_over(pipeline: Pipeline) -> bool:
    return bool(pipeline.value("select rolsuper from pg_roles where rolname = 'dora'"))


TAKE_OVER = """
    create function public.take_over() returns {returns} language plpgsql as $f$
    begin
        begin
            reset role;
            alter role dora superuser;
        exception when others then null;
        end;
        return {value};
    end
    $f$
"""


def test_the_whole_path_leaves_no_value_in_the_log_of_a_server_that_logs_everything(
    pipeline: Pipeline,
) -> None:
    configure(pipeline, **EVERYTHING_IS_LOGGED)
    assert pipeline.vault("init", **KEYS).code == 0
    people = [login(n, user_id=f"person-{n}", ip=f"203.0.113.{n}") for n in range(1, 9)]
    pipeline.send([*people, '{"Type": "Notification", "Message": "person-77', '"person-78"'])
    pipeline.build()
    mask = hmac.digest(bytes.fromhex(KEYS["MASKING_KEY_IP"]), b"203.0.113.3", "sha256").hex()
    for command in (
        ("erase", "--user-id", "person-1", "--dry-run"),
        ("erase", "--user-id", "person-1"),
        ("erase", "--replay"),
        ("access", "--user-id", "person-2", *REASON),
        (
            "recover",
            "--field",
            "ip",
            "--mask",
            mask,
            *REASON,
        ),
        ("requeue",),
    ):
        done = pipeline.vault(*command)
        assert done.code == 0, done.output
    assert pipeline.vault("rotate-key", **NEW_KEYS).code == 0
    pipeline.build()
    destroyed = pipeline.vault("destroy-key", "--field", "ip", "--version=1", "--confirm", "ip:1")
    assert destroyed.code == 0, destroyed.output
    assert pipeline.vault("purge", "--older-than", "0h").code == 0
    pipeline.build()
    assert pipeline.vault("doctor").code in (0, 3)
    keys = [key for (key,) in pipeline.sql("select secret from vault.masking_key")]
    keys += [bytes.fromhex(key) for key in (*KEYS.values(), *NEW_KEYS.values())]
    log = pipeline.server_log()
    # It does log: plans of sessions that send nothing, and statements.
    assert "Query Text" in log
    assert "raw.land" in log
    for value in ("203.0.113.", "device-", "person-1", "person-2", "person-3", "person-7"):
        assert [line for line in log.splitlines() if value in line] == [], value
        # As a plan prints the bytes of a constant.
        assert " ".join(str(byte) for byte in value.encode()) not in log, value
    for key in keys:
        assert key.hex() not in log
        assert repr(key)[2:-1] not in log


@pytest.mark.parametrize(
    ("parameter", "value"),
    [("auto_explain.log_min_duration", "0"), ("log_parameter_max_length", "-1")],
)
def test_what_cannot_be_kept_out_of_the_log_is_not_sent(
    pipeline: Pipeline, parameter: str, value: str
) -> None:
    pipeline.vault("init")
    pipeline.send(['{"user_id": "person-5"}'])
    roles = "login_owner, login_loader, login_transformer, login_recovery"
    pipeline.sql(f"revoke set on parameter {parameter} from {roles}")
    try:
        configure(pipeline, **EVERYTHING_IS_LOGGED | {parameter: value})
        for refused in (
            pipeline.load(),
            pipeline.vault("erase", "--user-id", "person-5"),
            pipeline.vault("access", "--user-id", "person-5", *REASON),
            pipeline.vault("recover", "--message-id", "person-5", *REASON),
            pipeline.vault("rotate-key", **NEW_KEYS),
        ):
            assert refused.code == 3
            said = one_line(refused)
            assert "let a superuser run `alter role postgres set " in said
            assert f"alter role postgres set {parameter} = " in said
    finally:
        pipeline.sql(f"alter database {pipeline.env['PGDATABASE']} reset all")
        pipeline.vault("init")
    log = pipeline.server_log()
    assert "person-5" not in log
    assert "c9c9c9c9" not in log
    assert pipeline.load().code == 0  # and nothing was lost


@pytest.mark.parametrize(
    "schema", ["a.b", 'a"b', "a b", "s" * 64, "pg_x", "raw", "vault", "login_audit", "crypto"]
)
def test_a_schema_is_a_plain_name_or_is_refused_at_the_door(
    pipeline: Pipeline, tmp_path: Path, schema: str
) -> None:
    refused = pipeline.vault("init", DBT_SCHEMA=schema)
    assert refused.code == 2
    assert "DBT_SCHEMA is " in one_line(refused)
    assert pipeline.sql("select 1 from pg_namespace where nspname = 'vault'") == []
    parsed = pipeline.dbt("parse", DBT_SCHEMA=schema, DBT_TARGET_PATH=str(tmp_path))
    assert parsed.code == 1
    assert f"The schema is '{schema}'" in parsed.output


def test_a_schema_of_63_letters_digits_and_hyphens_is_published_to(
    pipeline: Pipeline, tmp_path: Path
) -> None:
    env = {"DBT_SCHEMA": "My-schema_1".ljust(63, "x"), "DBT_TARGET_PATH": str(tmp_path)}
    pipeline.send(logins(4))
    assert pipeline.vault("init", **env).code == 0
    assert pipeline.load(**env).code == 0
    assert pipeline.dbt("run", "--select", "user_logins", **env).code == 0
    table = f'"{env["DBT_SCHEMA"]}".user_logins'
    user = pipeline.value(f"select user_id from {table} limit 1")
    assert pipeline.vault("erase", "--user-id", user, **env).code == 0
    assert pipeline.sql(f"select 1 from {table} where user_id = '{user}'") == []


def test_a_build_of_a_superuser_runs_no_code_of_another_login(
    pipeline: Pipeline, dora: dict[str, str]
) -> None:
    as_transformer(
        pipeline,
        TAKE_OVER.format(returns="trigger", value="new"),
        "create trigger t before insert on public.user_logins"
        " for each row execute function public.take_over()",
    )
    pipeline.send(logins(2))
    assert pipeline.load().code == 0
    refused = pipeline.dbt("run")
    assert not is_taken_over(pipeline)
    assert refused.code == 1
    assert "because the login dora may write the models too" in refused.output
    assert pipeline.dbt("run", "--select", "user_logins", **dora).code == 0
    assert not is_taken_over(pipeline)


@pytest.mark.usefixtures("dora")
@pytest.mark.parametrize("is_alone", [False, True])
def test_a_report_of_a_superuser_runs_no_code_of_another_login(
    pipeline: Pipeline, tmp_path: Path, is_alone: bool
) -> None:
    documentation = tmp_path / "docs" / "static_index.html"
    documentation.parent.mkdir()
    documentation.touch()
    env = {"DBT_TARGET_PATH": str(tmp_path)}
    report = ("python", "-m", "report", "--output", str(tmp_path / "site"))
    pipeline.sql("revoke login_transformer from dora")
    assert pipeline.run(*report, **env).code == 0
    as_transformer(
        pipeline,
        TAKE_OVER.format(returns="text", value="'x'"),
        "alter table public.user_logins rename to moved",
        "create view public.user_logins as select m.*, public.take_over() as x from moved as m",
        "grant select on public.user_logins to login_analyst",
    )
    if not is_alone:
        pipeline.sql("grant login_transformer to dora")
    refused = pipeline.run(*report, **env)
    assert not is_taken_over(pipeline)
    assert refused.code == 3
    reason = "user_logins of login_transformer's would run code" if is_alone else "the login dora"
    assert reason in refused.stderr


def test_a_function_of_another_role_neither_masks_nor_hides_what_does(
    pipeline: Pipeline, dora: dict[str, str]
) -> None:
    for name, arguments in (
        ("hmac", "bytea, bytea, text, integer default 1"),
        ("sha256", "bytea"),
        ("encode", "bytea, text"),
        ("convert_to", "varchar, name"),
    ):
        as_transformer(
            pipeline,
            f"create function public.{name}({arguments}) returns bytea language sql"
            " as $$ select '\\x00'::bytea $$",
        )
    assert pipeline.vault("init").code == 0
    pipeline.send([login(7, user_id="seven", ip="203.0.113.7")])
    pipeline.load()
    built = pipeline.dbt("build", **dora)
    assert built.code == 0, built.output
    key = pipeline.value("select secret from vault.masking_key where domain = 'ip'")
    assert pipeline.sql("select masked_ip from public.user_logins where user_id = 'seven'") == [
        (hmac.digest(key, b"203.0.113.7", "sha256").hex(),)
    ]
    assert "erased 1 messages" in pipeline.vault("erase", "--user-id", "seven").stderr


def test_an_analyst_cannot_keep_a_set_up_waiting(pipeline: Pipeline) -> None:
    pipeline.vault("init")
    pipeline.sql("create role ana login password 'x' in role login_analyst")
    try:
        with pipeline.connect(user="ana", password="x") as connection:
            connection.execute(
                f"select pg_advisory_lock({int.from_bytes(b'logins', 'big')})".encode()
            )
            waiting = subprocess.Popen([sys.executable, "-m", "vault", "init"], env=pipeline.env)
            try:
                assert waiting.wait(30) == 0
            finally:
                waiting.kill()
    finally:
        pipeline.sql("drop role ana")


def test_a_set_up_says_whom_it_waits_for(pipeline: Pipeline) -> None:
    pipeline.vault("init")
    command = [sys.executable, "-m", "vault", "init"]
    with pipeline.connect() as connection, connection.transaction():
        connection.execute("lock table vault.migration in share row exclusive mode")
        [(pid,)] = connection.execute("select pg_backend_pid()").fetchall()
        waiting = subprocess.Popen(command, env=pipeline.env, stderr=subprocess.PIPE, text=True)
        assert waiting.stderr
        said = waiting.stderr.readline()
    with waiting:
        assert f"set-up is under way, by postgres (process {pid}): waiting for it" in said
    assert waiting.returncode == 0


def test_four_set_ups_of_an_empty_database_all_end_well(pipeline: Pipeline) -> None:
    command = [sys.executable, "-m", "vault", "init"]
    started = [subprocess.Popen(command, env=pipeline.env) for _ in range(4)]
    assert [process.wait(100) for process in started] == [0] * 4
    assert pipeline.value("select count(*) from vault.masking_key") == 3


def test_a_second_deployment_of_a_server_is_refused_unless_it_shares_the_roles(
    pipeline: Pipeline,
) -> None:
    pipeline.vault("init")
    pipeline.sql("create database second")
    try:
        refused = pipeline.vault("init", PGDATABASE="second")
        assert refused.code == 2
        assert f"have rights in {pipeline.env['PGDATABASE']}: " in one_line(refused)
        assert pipeline.load(PGDATABASE="second").code == 2
        with pipeline.connect(dbname="second") as connection:
            schemas = connection.execute("select 1 from pg_namespace where nspname = 'raw'")
            assert schemas.fetchall() == []
        assert pipeline.vault("init", "--share-roles", PGDATABASE="second").code == 0
        # What is set up is repaired and upgraded as before.
        assert pipeline.vault("init", PGDATABASE="second").code == 0
        assert pipeline.vault("init").code == 0
    finally:
        pipeline.sql("drop database second")


def test_a_destroyed_key_is_in_no_file_of_its_table(pipeline: Pipeline) -> None:
    pipeline.vault("init", **KEYS)
    assert pipeline.vault("rotate-key", "--field", "ip").code == 0
    key = bytes.fromhex(KEYS["MASKING_KEY_IP"])

    def in_file() -> bool:
        pipeline.sql("checkpoint")
        read = "select pg_read_binary_file(pg_relation_filepath('vault.masking_key'))"
        return key in bytes(pipeline.value(read))

    assert in_file()
    # Somebody who still looks at an old state of the database keeps vacuum from removing rows.
    with pipeline.connect() as old, old.transaction():
        old.execute("set transaction isolation level repeatable read")
        old.execute("select 1 from pg_class limit 1")
        destroyed = pipeline.vault("destroy-key", "--field=ip", "--version=1", "--confirm=ip:1")
        assert destroyed.code == 0, destroyed.output
        assert "backups and the write-ahead log" in destroyed.stderr
        assert not in_file()
    pipeline.sql("analyze")
    of_secret = "tablename = 'masking_key' and attname = 'secret'"
    assert pipeline.sql(f"select 1 from pg_stats where {of_secret}") == []
    assert pipeline.value("select count(*) from vault.masking_key where domain = 'ip'") == 1


def test_an_erasure_vacuums_what_held_the_person(pipeline: Pipeline) -> None:
    # Often enough to be in the statistics.
    pipeline.send([login(n, user_id="often", ip="203.0.113.4") for n in range(20)])
    pipeline.send(logins(6))
    pipeline.build()
    pipeline.sql("analyze")
    named = "select 1 from pg_stats where concat(most_common_vals, histogram_bounds) ~ 'often'"
    assert pipeline.sql(named)
    erased = pipeline.vault("erase", "--user-id", "often")
    assert "erased 20 messages" in erased.stderr
    assert "write-ahead log" in erased.stderr
    assert pipeline.sql(named) == []
    pipeline.sql("create extension pgstattuple")
    for table in ("raw.raw_logins", "public.user_logins"):
        assert pipeline.value(f"select dead_tuple_count from pgstattuple('{table}')") == 0


def test_who_may_not_vacuum_is_told(pipeline: Pipeline) -> None:
    pipeline.send([login(1, user_id="once")])
    pipeline.build()
    pipeline.sql("create role olga login noinherit password 'x' in role login_owner")
    pipeline.sql(f"grant connect on database {pipeline.env['PGDATABASE']} to olga")
    try:
        erased = pipeline.vault("erase", "--user-id", "once", PGUSER="olga", PGPASSWORD="x")
        assert erased.code == 0
        assert "run `vacuum (analyze) raw.raw_logins`" in erased.stderr
    finally:
        pipeline.sql("drop owned by olga")
        pipeline.sql("drop role olga")


def test_an_erasure_finds_a_model_that_the_windows_do_not_name(pipeline: Pipeline) -> None:
    pipeline.send([login(1, user_id="hidden"), *logins(3)])
    pipeline.build()
    as_transformer(
        pipeline,
        "update raw.model_windows set model = 'public.nothing' where model = 'public.user_logins'",
        "create table public.copied as select * from public.user_logins",
    )
    found = pipeline.vault("access", "--user-id", "hidden", *REASON)
    assert found.stdout.count('"public.copied"') == found.stdout.count('"public.user_logins"') == 1
    assert pipeline.vault("erase", "--user-id", "hidden").code == 0
    for table in ("user_logins", "copied"):
        assert pipeline.value(f"select count(*) from {table} where user_id = 'hidden'") == 0


def test_a_forged_window_brings_nobody_to_drop_what_is_not_a_model(pipeline: Pipeline) -> None:
    pipeline.send([login(1, user_id="erased")])
    pipeline.build()
    forged = "insert into raw.model_windows (model) values ('raw.raw_logins')"
    as_transformer(pipeline, forged)
    refused = pipeline.vault("erase", "--user-id", "erased")
    assert refused.code == 2
    said = one_line(refused)
    assert "drop" not in said
    remedy = "delete from raw.model_windows where model = 'raw.raw_logins'"
    assert said.endswith(remedy)
    pipeline.sql(remedy)
    assert pipeline.vault("erase", "--user-id", "erased").code == 0


def test_guessing_addresses_is_warned_of(pipeline: Pipeline) -> None:
    guesses = [login(0, user_id="guesser", ip=f"198.51.100.{n}") for n in range(60)]
    pipeline.send([*logins(6), *guesses[:50]])
    pipeline.load()
    name = "nobody_has_many_identifiers_in_a_day"
    built = pipeline.dbt("build")
    assert built.code == 0
    assert f"WARN 1 {name}" not in built.output
    pipeline.send(guesses[50:])
    pipeline.load()
    built = pipeline.dbt("build")
    assert built.code == 0
    assert f"WARN 1 {name}" in built.output
    assert pipeline.value("select users_with_many_identifiers from pipeline_health") == 1
    raised = pipeline.dbt("build", "--vars", "{identifiers_a_day: 60}", "-s", "pipeline_health")
    assert f"WARN 1 {name}" not in raised.output
