"""What goes wrong is said in one line with what to do, and the exit code tells a scheduler."""

import select
import shutil
import socket
import threading
import time
from concurrent.futures import ThreadPoolExecutor
from contextlib import suppress
from http.server import BaseHTTPRequestHandler, ThreadingHTTPServer
from pathlib import Path

import pytest

from sandbox.fake_sqs.faults import Fault
from tests.conftest import ROOT, Pipeline, one_line
from tests.faults import faulty
from tests.logins import logins


@pytest.mark.parametrize(
    ("change", "code", "words"),
    [
        ({"LOGIN_QUEUE": "no such/queue"}, 2, "give a queue name"),
        ({"LOGIN_QUEUE": "missing-queue"}, 2, "queue 'missing-queue' does not exist at http://127"),
        ({"LOGIN_QUEUE": "http://127.0.0.1:1/000000000000/q", "AWS_ENDPOINT_URL": ""}, 1, "reach"),
        ({"AWS_ENDPOINT_URL": "http://127.0.0.1:1"}, 1, "cannot reach SQS at http://127.0.0.1:1"),
        ({"AWS_ENDPOINT_URL": "localhost:4566"}, 2, "Invalid endpoint"),
        ({"PGPORT": "1"}, 1, "cannot reach Postgres"),
        ({"PGPASSWORD": "wrong-password"}, 3, "check PGUSER, PGPASSWORD"),
        ({"PGDATABASE": "missing_database"}, 2, 'database "missing_database" does not exist'),
        ({"PGPORT": "x"}, 2, 'invalid integer value "x"'),
        ({"PGSERVICE": "missing"}, 2, 'definition of service "missing" not found'),
        ({"PGOPTIONS": "-c no_such_setting=1"}, 2, "unrecognized configuration parameter"),
        ({"PGSSLMODE": "requires"}, 2, 'invalid sslmode value: "requires"'),
        ({"PGREQUIREAUTH": "none"}, 2, "check the PG* variables"),
    ],
)
def test_a_wrong_setting_is_named(
    pipeline: Pipeline, change: dict[str, str], code: int, words: str
) -> None:
    outcome = pipeline.load("--wait", "0", **change)
    assert words in one_line(outcome)
    assert outcome.code == code
    assert "wrong-password" not in outcome.output


def test_a_user_without_the_role_is_told_what_to_grant(pipeline: Pipeline) -> None:
    pipeline.vault("init")
    pipeline.send(logins(2))
    role = "stranger"
    pipeline.sql(f"create role {role} login password 'x'")
    try:
        pipeline.sql(f"grant connect on database {pipeline.env['PGDATABASE']} to {role}")
        refused = pipeline.load(PGUSER=role, PGPASSWORD="x")
        assert refused.code == 3
        assert "grant login_loader to the user in PGUSER" in one_line(refused)
        assert pipeline.waiting() == (2, 0)  # released, for whoever may

        pipeline.sql(f"grant login_loader to {role}")
        assert pipeline.load(PGUSER=role, PGPASSWORD="x").code == 0
        assert pipeline.value("select count(*) from raw.raw_logins") == 2
        assert pipeline.value("select loaded_by from raw.loads") == role
    finally:
        pipeline.sql(f"drop owned by {role}")
        pipeline.sql(f"drop role {role}")


def test_a_user_who_may_not_install_is_told_who_may(pipeline: Pipeline) -> None:
    role = "stranger"
    pipeline.sql(f"create role {role} login password 'x'")
    try:
        refused = pipeline.load(PGUSER=role, PGPASSWORD="x")
        assert refused.code == 3
        assert "run `python -m vault init`" in one_line(refused)
        assert pipeline.value("select count(*) from pg_namespace where nspname = 'raw'") == 0
    finally:
        pipeline.sql(f"drop role {role}")


def test_without_the_vault_an_empty_database_is_a_matter_for_an_administrator(
    pipeline: Pipeline, tmp_path: Path
) -> None:
    for package in ("common", "loader"):
        shutil.copytree(ROOT / package, tmp_path / package)
    run = ("sh", "-c", f"cd {tmp_path} && python -m loader")
    refused = pipeline.run(*run)
    assert refused.code == 3
    assert (
        "the database is not set up: let an administrator run `python -m vault init` from the "
        "project"
    ) in one_line(refused)
    pipeline.vault("init")
    pipeline.send(logins(2))
    assert pipeline.run(*run).code == 0
    assert pipeline.value("select count(*) from raw.raw_logins") == 2


def test_the_login_of_an_analyst_is_refused_before_anything_is_received(
    pipeline: Pipeline,
) -> None:
    pipeline.vault("init")
    role = "stranger"
    pipeline.sql(f"create role {role} login password 'x' in role login_analyst")
    try:
        with faulty(pipeline) as faults:  # its queue is empty
            refused = pipeline.load(PGUSER=role, PGPASSWORD="x")
            assert refused.code == 3
            assert "grant login_loader to the user in PGUSER" in one_line(refused)
            assert faults.calls("ReceiveMessage") == 0
    finally:
        pipeline.sql(f"drop role {role}")


def test_a_connection_that_is_cut_while_rights_are_checked_is_waited_for(
    pipeline: Pipeline,
) -> None:
    pipeline.vault("init")
    pipeline.send(logins(2))
    server = (pipeline.env["PGHOST"], int(pipeline.env["PGPORT"]))
    # One of each statement of the checks: the connection ends before the server has read it.
    left = [b"raw_logins", b"log_error_verbosity", b"missing_rights"]

    def forward(client: socket.socket) -> None:
        with client, socket.create_connection(server) as upstream:
            while True:
                for source in select.select([client, upstream], [], [])[0]:
                    data = source.recv(65536)
                    if not data:
                        return
                    if source is client and left and left[0] in data:
                        del left[0]
                        return
                    (upstream if source is client else client).sendall(data)

    with socket.create_server(("127.0.0.1", 0)) as proxy, ThreadPoolExecutor() as threads:

        def serve() -> None:
            with suppress(OSError):  # closed
                while True:
                    threads.submit(forward, proxy.accept()[0])

        threads.submit(serve)
        loaded = pipeline.load(PGPORT=str(proxy.getsockname()[1]))
        proxy.shutdown(socket.SHUT_RDWR)
    assert loaded.code == 0, loaded.output
    assert left == []
    assert pipeline.value("select count(*) from raw.raw_logins") == 2


def test_a_database_owner_who_is_no_superuser_can_install_and_load(pipeline: Pipeline) -> None:
    """The usual case of managed Postgres."""
    name = pipeline.env["PGDATABASE"]
    role = f"{name}_admin"
    pipeline.sql(f"create role {role} login createrole password 'x'")
    try:
        pipeline.sql(f"alter database {name} owner to {role}")
        for shared in ("owner", "loader", "transformer", "analyst", "recovery"):
            # The cluster's roles exist already: whoever made them must let the admin use them.
            pipeline.sql(
                f"do $$ begin create role login_{shared}; exception when others then null; end $$"
            )
            pipeline.sql(f"grant login_{shared} to {role} with admin option")
        pipeline.sql(
            "do $$ begin create role login_auditor; exception when others then null; end $$"
        )
        if pipeline.value("select current_setting('server_version_num')::int") >= 160000:
            # As whoever makes a role has it: nobody is a member of this one.
            pipeline.sql(f"grant login_auditor to {role} with admin true, inherit false, set false")
        pipeline.send(logins(2))
        outcome = pipeline.load(PGUSER=role, PGPASSWORD="x")
        assert outcome.code == 0, outcome.output
        built = pipeline.dbt("build", PGUSER=role, PGPASSWORD="x")
        assert built.code == 0, built.output
        assert pipeline.value("select count(*) from user_logins") == 2
    finally:
        pipeline.sql(f"alter database {name} owner to postgres")
        pipeline.sql(f"drop owned by {role} cascade")
        pipeline.sql(f"drop role {role}")


def test_a_missing_table_or_grant_is_a_matter_for_an_administrator(pipeline: Pipeline) -> None:
    pipeline.vault("init")
    pipeline.send(logins(2))
    pipeline.sql("revoke insert on raw.loads from login_loader")
    refused = pipeline.load()
    assert refused.code == 3
    assert "permission denied for table loads: let an administrator" in one_line(refused)
    assert pipeline.value("select count(*) from raw.raw_logins") == 0
    assert pipeline.waiting() == (2, 0)
    pipeline.vault("init")
    assert pipeline.load().code == 0


def test_a_read_only_server_is_a_wrong_setting(pipeline: Pipeline) -> None:
    pipeline.vault("init")
    pipeline.send(logins(2))
    refused = pipeline.load(PGOPTIONS="-c default_transaction_read_only=on")
    assert refused.code == 2
    assert "unset default_transaction_read_only" in one_line(refused)
    assert pipeline.waiting() == (2, 0)


def test_a_constraint_of_somebody_elses_is_reported_without_the_row(pipeline: Pipeline) -> None:
    pipeline.vault("init")
    pipeline.sql("alter table raw.raw_logins add constraint theirs check (body ? 'tenant')")
    pipeline.send(logins(2))
    refused = pipeline.load()
    assert refused.code == 1
    assert 'violates check constraint "theirs"' in one_line(refused)
    assert "user-000" not in refused.output
    assert pipeline.waiting() == (2, 0)


@pytest.mark.parametrize("schema", ["raw", "vault", "pg_mine", "information_schema"])
def test_nothing_is_published_to_a_schema_that_is_not_for_it(
    pipeline: Pipeline, schema: str
) -> None:
    refused = pipeline.vault("init", DBT_SCHEMA=schema)
    assert refused.code == 2
    assert "which is not for publishing" in one_line(refused)


@pytest.mark.parametrize("answer", ["<html>Welcome</html>", "{}", '{"Mess', "null", "[]"])
def test_what_answers_and_is_not_sqs_is_not_called_drained(pipeline: Pipeline, answer: str) -> None:
    class Answer(BaseHTTPRequestHandler):
        def do_POST(self) -> None:
            self.send_response(200)
            self.send_header("Content-Length", str(len(answer)))
            self.end_headers()
            self.wfile.write(answer.encode())

        def log_message(self, *_: object) -> None:
            pass

    with ThreadingHTTPServer(("127.0.0.1", 0), Answer) as server:
        threading.Thread(target=server.serve_forever).start()
        endpoint = f"http://user:secret@127.0.0.1:{server.server_port}"
        for queue in ("login-queue", f"{endpoint}/000000000000/login-queue"):
            outcome = pipeline.load("--wait", "0", AWS_ENDPOINT_URL=endpoint, LOGIN_QUEUE=queue)
            assert outcome.code == 1
            assert "is not SQS, or not in order" in one_line(outcome)
            assert "secret" not in outcome.output
        server.shutdown()


@pytest.mark.parametrize(
    ("kind", "code", "words"),
    [
        ("skewed", 2, "refuses the time of the request (RequestTimeTooSkewed): set the clock"),
        ("late", 2, "refuses the time of the request (RequestExpired): set the clock"),
        ("signature_expired", 2, "refuses the time of the request (SignatureDoesNotMatch): set"),
        ("signature", 3, "refuses the AWS credentials (SignatureDoesNotMatch): renew them"),
        ("expired", 3, "refuses the AWS credentials (ExpiredTokenException): renew them"),
        ("denied", 3, "is denied (AccessDeniedException): allow it in the IAM or queue policy"),
        ("kms_denied", 3, "and kms:Decrypt where the queue is encrypted"),
    ],
)
def test_what_sqs_refuses_for_good_is_not_tried_again(
    pipeline: Pipeline, kind: str, code: int, words: str
) -> None:
    pipeline.vault("init")
    with faulty(pipeline) as faults:
        faults.endpoint.inject(Fault(kind))
        began = time.monotonic()
        refused = pipeline.load()
        assert words in one_line(refused)
        assert refused.code == code
        assert time.monotonic() - began < 20
        assert faults.endpoint.calls.total() <= 3


def test_dbt_on_an_empty_database_says_what_to_run(pipeline: Pipeline) -> None:
    pipeline.vault("init")
    pipeline.sql("drop schema vault cascade")
    outcome = pipeline.dbt("build")
    assert outcome.code != 0
    assert "run `python -m vault init`" in outcome.output


def test_a_reader_that_goes_away_is_no_error_of_ours(pipeline: Pipeline) -> None:
    pipeline.vault("init")
    cut = pipeline.run("sh", "-c", "{ python -m vault doctor; echo $? >&2; } | true")
    assert cut.stderr == "1\n"
