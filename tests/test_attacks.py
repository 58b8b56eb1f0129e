"""The attack suite: refused on a sound database, and successful on a weakened one."""

import json
from collections.abc import Callable, Iterator
from pathlib import Path

import psycopg
import pytest

from tests.attacks import ATTACKS, WEAKENED
from tests.conftest import Pipeline, new_pipeline, on_record
from tests.logins import login

PEOPLE = {
    "ana": "login_analyst",
    "lotte": "login_loader",
    "dora": "login_transformer",
    "rick": "login_recovery",
    "stan": None,
}
DORA = {"PGUSER": "dora", "PGPASSWORD": "x"}  # builds: an administrator may not, beside her


def request(number: int) -> str:
    return json.dumps(
        {
            "request": number,
            "kind": "message_id",
            "lookup": "m",
            "reason": "a good reason",
            "ticket": None,
            "transaction": "3",
        }
    )


@pytest.fixture(scope="module")
def attacked(servers: dict[str, str], artifacts: Path) -> Iterator[Pipeline]:
    with new_pipeline(servers, artifacts) as pipeline:
        pipeline.send([*(login(n, ip=f"198.51.100.{n}") for n in range(20)), "{"])
        pipeline.build()
        for person, role in PEOPLE.items():
            pipeline.sql(f"create role {person} login password 'x'")
            if role:
                pipeline.sql(f"grant {role} to {person}")
        pipeline.sql("grant connect on database logins to stan")
        # Request 1 is somebody else's, request 2 is rick's and an hour old; one was answered.
        on_record(pipeline, "request", "now()", "postgres", request(1))
        on_record(pipeline, "request", "now() - interval '16 minutes'", "rick", request(2))
        on_record(pipeline, "disclosure", "now()", "postgres", '{"request": 1, "messages": 1}')
        erasure = f'{{"user_hash": "{"0" * 64}", "messages": 1}}'
        on_record(pipeline, "erasure", "now()", "postgres", erasure)
        yield pipeline
        for person in PEOPLE:
            pipeline.sql(f"drop owned by {person}")
            pipeline.sql(f"drop role {person}")


def attempt(pipeline: Pipeline, name: str) -> str | None:
    """Try an attack, undo it, and return the SQLSTATE that refused it, or None."""
    who, statements = ATTACKS[name]
    login = {} if who in ("owner", "postgres") else {"user": who, "password": "x"}
    with pipeline.connect(**login) as connection:
        if who == "owner":
            connection.execute("set role login_owner")
        *before, last = statements.split("; ")
        if before[:1] != ["begin"] and not last.startswith("alter system"):
            connection.execute("begin")
        for statement in before:
            connection.execute(statement.encode())
        try:
            if last.startswith("copy") and last.endswith("stdout"):
                with connection.cursor().copy(last.encode()) as copy:
                    list(copy)
            else:
                connection.execute(last.encode())
        except psycopg.Error as error:
            return error.sqlstate
        finally:
            connection.execute("rollback")
    return None


def make_tomorrow(pipeline: Pipeline) -> None:
    pipeline.sql("drop table if exists public.made_tomorrow")
    pipeline.sql("drop function if exists public.made_tomorrow_too()")
    pipeline.sql("create table public.made_tomorrow as select 1 as x", role="login_transformer")
    pipeline.sql(
        "create function public.made_tomorrow_too() returns integer language sql as 'select 1'",
        role="login_transformer",
    )


@pytest.mark.parametrize("name", ATTACKS)
def test_an_attack_is_refused(attacked: Pipeline, name: str) -> None:
    if "made tomorrow" in name:
        make_tomorrow(attacked)
    # Missing rights; a rule of ours; a check of ours. Never a mere mistake in the statement.
    assert attempt(attacked, name) in {"42501", "P0001", "23514"}


@pytest.mark.parametrize("weakness", WEAKENED)
def test_the_attacks_succeed_where_the_database_is_weakened(
    attacked: Pipeline, weakness: str
) -> None:
    try:
        for statement in weakness.split("; "):
            attacked.sql(statement)
        make_tomorrow(attacked)
        assert {name for name in WEAKENED[weakness] if attempt(attacked, name)} == set()
        examined = attacked.vault("doctor")
        assert "FAIL  " in examined.stdout.replace("FAIL  queue", "")
    finally:
        attacked.sql("revoke login_transformer, login_owner from ana")
        attacked.sql("revoke usage on schema raw from login_analyst")
        attacked.sql("revoke usage on schema vault from public")
        attacked.sql(
            "alter default privileges for role login_transformer revoke all on tables from public"
        )
        attacked.sql(
            "alter default privileges for role login_transformer"
            " revoke all on functions from public"
        )
        assert attacked.vault("init").code == 0
    # init has mended it.
    make_tomorrow(attacked)
    assert {name for name in WEAKENED[weakness] if not attempt(attacked, name)} == set()


def test_what_an_analyst_may_read_of_the_catalogue_holds_no_secret(attacked: Pipeline) -> None:
    secrets = [key.hex() for (key,) in attacked.sql("select secret from vault.masking_key")]
    attacked.sql("analyze")
    attacked.sql("create extension if not exists pg_stat_statements")
    assert attacked.load().code == 0
    assert attacked.dbt("build", "--full-refresh", **DORA).code == 0
    with attacked.connect(user="ana", password="x") as connection:
        for view in (
            "pg_stats",
            "pg_stat_activity",
            "pg_stat_statements",
            "pg_db_role_setting",
            "pg_settings",
            "pg_proc",
            "pg_description",
            "pg_stat_user_tables",
            "information_schema.columns",
        ):
            seen = repr(connection.execute(f"select * from {view}".encode()).fetchall())
            assert [s for s in (*secrets, "198.51.100.", "device-00") if s in seen] == [], view


def test_even_a_superuser_sees_no_secret_in_statements_and_plans(attacked: Pipeline) -> None:
    secrets = [key.hex() for (key,) in attacked.sql("select secret from vault.masking_key")]
    attacked.sql("create extension if not exists pg_stat_statements")
    attacked.send([login(n, ip=f"198.51.100.{n}") for n in range(20, 23)])
    assert attacked.load().code == 0
    assert attacked.dbt("build", "--full-refresh", **DORA).code == 0
    assert attacked.vault("rotate-key", MASKING_KEY_IP="ab" * 32).code == 0
    assert attacked.dbt("build", **DORA).code == 0
    seen = repr(attacked.sql("select query from pg_stat_statements"))
    assert "hmac" in seen
    plan = repr(
        attacked.sql(
            "explain (analyze, verbose) select crypto.hmac((body ->> 'ip')::bytea, (select"
            " secret from vault.masking_key where domain = 'ip' and version = 1), 'sha256')"
            " from raw.raw_logins"
        )
    )
    for secret in (*secrets, "ab" * 32, "198.51.100.", "device-00"):
        assert secret not in seen
        assert secret not in plan


def test_thirty_failing_statements_leave_no_body_in_the_server_log(attacked: Pipeline) -> None:
    # As on managed Postgres, where nobody may set these.
    attacked.sql("revoke set on parameter log_error_verbosity from login_loader")
    try:
        broken = [
            '{"user_id": "u", "ip": "203.0.113.1"',
            r'["device-secret\u0000"]',
            "device-secret",
        ]
        attacked.send(broken * 10)
        assert "quarantined 30," in attacked.load().stdout
        attacked.sql(
            "alter table raw.raw_logins add constraint broken check (body is null) not valid"
        )
        attacked.send(['{"user_id": "u", "ip": "203.0.113.2"}'])
        refused = attacked.load()
        assert refused.code == 1
        assert "Postgres failed in the middle" in refused.stderr
    finally:
        attacked.sql("alter table raw.raw_logins drop constraint if exists broken")
        attacked.vault("init")
        attacked.load()
    log = attacked.server_log()
    assert 'violates check constraint "broken' in log
    for text in (log, "".join(attacked.outputs)):
        assert "203.0.113." not in text
        assert "device-secret" not in text


def test_a_definer_function_cannot_be_hijacked_by_the_search_path(attacked: Pipeline) -> None:
    attacked.sql(
        "create function public.clock_timestamp() returns timestamptz language sql"
        " as $$ select '2000-01-01'::timestamptz $$",
        role="login_transformer",
    )
    try:
        with attacked.connect(user="rick", password="x") as connection:
            connection.execute("set search_path = public, pg_catalog")
            connection.execute(
                "select vault.request_recovery('message_id', 'm', 'a very good reason')"
            )
        assert attacked.value(
            "select max(requested_at) > now() - interval '1 minute' from vault.recovery_log()"
        )
    finally:
        attacked.sql("drop function public.clock_timestamp()")


TAKE_OVER = """
    create function public.{signature} returns {returns} language plpgsql as $f$
    begin
        reset role;
        alter role dora superuser;
        return {value};
    end
    $f$
"""


@pytest.fixture
def taken_over(attacked: Pipeline) -> Iterator[Callable[[], bool]]:
    yield lambda: attacked.value("select rolsuper from pg_roles where rolname = 'dora'")
    attacked.sql("alter role dora nosuperuser")
    attacked.sql("drop function if exists public.has_parameter_privilege(text, text, text)")
    attacked.sql("drop function if exists public.pg_has_role(name, text, text)")
    kind = attacked.value("select relkind::text from pg_class where relname = 'user_logins'")
    attacked.sql(f"drop {'view' if kind == 'v' else 'table'} public.user_logins")
    attacked.sql("drop function if exists public.take_over() cascade")
    assert attacked.dbt("build", **DORA).code == 0


def test_a_function_in_public_does_not_stand_in_for_a_built_in(
    attacked: Pipeline, taken_over: Callable[[], bool]
) -> None:
    for signature in (
        "has_parameter_privilege(a text, b text, c text)",
        "pg_has_role(a name, b text, c text)",
    ):
        take_over = TAKE_OVER.format(signature=signature, returns="boolean", value="true")
        attacked.sql(take_over, role="login_transformer")
    for command in ("init", "doctor", "audit"):
        attacked.vault(command)
    attacked.load()
    assert not taken_over()


def test_a_trigger_on_a_model_does_not_run_with_an_administrators_rights(
    attacked: Pipeline, taken_over: Callable[[], bool]
) -> None:
    take_over = TAKE_OVER.format(signature="take_over()", returns="trigger", value="old")
    attacked.sql(take_over, role="login_transformer")
    attacked.sql(
        "create trigger t before delete on public.user_logins"
        " for each row execute function public.take_over()",
        role="login_transformer",
    )
    for command in (("erase", "--user-id", "user-0001"), ("purge", "--older-than", "0h")):
        refused = attacked.vault(*command)
        assert refused.code == 2
        assert "is no plain table of login_transformer's" in refused.stderr
    assert not taken_over()


def test_a_view_in_place_of_a_model_does_not_run_with_the_rights_of_recovery(
    attacked: Pipeline, taken_over: Callable[[], bool]
) -> None:
    take_over = TAKE_OVER.format(signature="take_over()", returns="text", value="'m'")
    attacked.sql(take_over, role="login_transformer")
    attacked.sql("drop table public.user_logins", role="login_transformer")
    attacked.sql(
        "create view public.user_logins as select public.take_over() as message_id,"
        " 'm'::text as masked_ip",
        role="login_transformer",
    )
    refused = attacked.vault("recover", "--field", "ip", "--mask", "m", "--reason", "a good reason")
    assert refused.code == 3
    assert "is no plain table of login_transformer's" in refused.stderr
    assert not taken_over()


def test_a_type_in_a_model_does_not_run_its_cast_with_the_rights_of_recovery(
    attacked: Pipeline, taken_over: Callable[[], bool]
) -> None:
    attacked.sql("create type public.mood as enum ('fine')", role="login_transformer")
    take_over = TAKE_OVER.format(signature="told(public.mood)", returns="json", value="'{}'")
    for statement in (
        take_over,
        "create cast (public.mood as json) with function public.told(public.mood)",
        "create table public.moods as"
        " select 'user-0001'::text as user_id, 'fine'::public.mood as mood",
        "insert into raw.model_windows (model) values ('public.moods')",
    ):
        attacked.sql(statement, role="login_transformer")
    try:
        # It does run with the rights of everybody who reads the table so.
        attacked.sql("select to_jsonb(m) from public.moods as m")
        assert taken_over()
        attacked.sql("alter role dora nosuperuser")
        refused = attacked.vault("access", "--user-id", "user-0001", "--reason", "a good reason")
        assert refused.code == 3
        assert "moods has a column of a type that is not built in" in refused.stderr
    finally:
        attacked.sql("delete from raw.model_windows where model = 'public.moods'")
        attacked.sql("drop table public.moods; drop type public.mood cascade")
    assert not taken_over()


def test_a_window_that_names_a_table_of_ours_is_refused(attacked: Pipeline) -> None:
    attacked.sql(
        "insert into raw.model_windows (model) values ('raw.raw_logins')", role="login_transformer"
    )
    try:
        before = attacked.value("select count(*) from raw.raw_logins")
        assert attacked.vault("erase", "--user-id", "user-0001").code == 2
        assert attacked.value("select count(*) from raw.raw_logins") == before
    finally:
        attacked.sql("delete from raw.model_windows where model = 'raw.raw_logins'")


@pytest.mark.parametrize(
    "harm",
    [
        "alter table login_audit.entry disable trigger append_only",
        "drop trigger append_only on login_audit.entry",
        "grant login_transformer to login_analyst",
        "grant pg_read_all_data to login_analyst",
        "alter table raw.raw_logins owner to ana",
        "create view public.peep as select * from raw.raw_logins",
    ],
)
def test_the_doctor_sees_what_is_wide_open(attacked: Pipeline, harm: str, tmp_path: Path) -> None:
    declared = tmp_path / "declared.txt"
    declared.write_text("grants: the database to stan: CONNECT\n*public.made_tomorrow*\n", "utf-8")
    try:
        attacked.sql(harm)
        examined = attacked.vault("doctor")
        assert "FAIL  " in examined.stdout.replace("FAIL  queue", "")
    finally:
        attacked.sql("alter table raw.raw_logins owner to login_owner")
        attacked.sql("revoke login_transformer, pg_read_all_data from login_analyst")
        attacked.sql("drop view if exists public.peep")
        assert attacked.vault("init").code == 0
    sound = attacked.vault("doctor", "--declared", str(declared)).stdout
    assert "FAIL  " not in sound.replace("FAIL  queue", "")
