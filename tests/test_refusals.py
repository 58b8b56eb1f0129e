"""Postgres refuses a connection: one line that says what to do, at once, whatever --wait says."""

import shutil
import socket
import subprocess
import time
from collections.abc import Iterator
from pathlib import Path
from tempfile import TemporaryDirectory
from typing import Any

import psycopg
import pytest

from common.database import no_connection
from common.errors import TemporaryError
from sandbox.postgres import postgres, server_user
from tests.conftest import Pipeline, one_line
from tests.logins import logins

AT_ONCE = 20
"""Seconds, of the 60 that the loader would wait. Python and boto3 may take some to start."""

CERTIFICATE = (
    "openssl req -x509 -newkey ec -pkeyopt ec_paramgen_curve:prime256v1 -noenc -days 2"
    " -keyout {name}.key -out {name}.crt -subj /CN={host} -addext subjectAltName=DNS:{host}"
)
needs_openssl = pytest.mark.skipif(not shutil.which("openssl"), reason="there is no openssl")


def refused(pipeline: Pipeline, code: int, words: str, **change: str) -> None:
    began = time.monotonic()
    outcome = pipeline.load(**change)
    assert words in one_line(outcome)
    assert outcome.code == code
    assert time.monotonic() - began < AT_ONCE


# A server with TLS


@pytest.fixture(scope="module")
def tls() -> Iterator[dict[str, str]]:
    """A server with the certificate `server.crt`, for localhost, and how to connect to it."""
    with TemporaryDirectory(prefix="tls-") as place:
        directory = Path(place)
        with postgres(directory) as settings:
            for name, host in (("data/server", "localhost"), ("other", "db.example")):
                command = CERTIFICATE.format(name=name, host=host).split()
                subprocess.run(command, cwd=directory, check=True, capture_output=True)
            user = server_user()
            for file in ("server.key", "server.crt"):
                if user is not None:
                    shutil.chown(directory / "data" / file, user, user)
            with psycopg.connect(**_arguments(settings), autocommit=True) as connection:
                connection.execute("alter system set ssl = on")
            rules = directory / "data" / "pg_hba.conf"
            rules.write_text(
                "host postgres postgres 127.0.0.1/32 scram-sha-256\n"
                "host template1 all 127.0.0.1/32 reject\n"
            )
            _reload(settings)
            shutil.copy(directory / "data/server.crt", directory / "server.crt")
            yield settings | {"directory": place}


def _where(settings: dict[str, str]) -> dict[str, str]:
    return {name: value for name, value in settings.items() if name.startswith("PG")}


def _arguments(settings: dict[str, str]) -> dict[str, Any]:
    names = {"PGHOST": "host", "PGPORT": "port", "PGUSER": "user", "PGPASSWORD": "password"}
    return {name: settings[variable] for variable, name in names.items()} | {"dbname": "postgres"}


def _reload(settings: dict[str, str]) -> None:
    with psycopg.connect(**_arguments(settings), autocommit=True) as connection:
        connection.execute("select pg_reload_conf()")
    for _ in range(100):
        with psycopg.connect(**_arguments(settings)) as connection:
            if connection.pgconn.ssl_in_use:
                return
        time.sleep(0.1)
    raise AssertionError("no TLS")


@needs_openssl
@pytest.mark.parametrize(
    ("root", "words"),
    [
        ("other.crt", "SSL error: certificate verify failed"),
        ("server.crt", 'does not match host name "127.0.0.1"'),
        ("missing.crt", 'missing.crt" does not exist'),
        ("system", "SSL error: certificate verify failed"),
    ],
)
def test_a_certificate_that_is_not_trusted(
    pipeline: Pipeline, tls: dict[str, str], root: str, words: str
) -> None:
    file = root if root == "system" else f"{tls['directory']}/{root}"
    words += ": check PGSSLMODE, PGSSLROOTCERT and the certificate of the server"
    refused(pipeline, 2, words, **_where(tls), PGSSLMODE="verify-full", PGSSLROOTCERT=file)


@needs_openssl
def test_a_certificate_that_is_trusted(pipeline: Pipeline, tls: dict[str, str]) -> None:
    root = f"{tls['directory']}/server.crt"
    where = _where(tls) | {"PGHOST": "localhost"}
    loaded = pipeline.load(**where, PGSSLMODE="verify-full", PGSSLROOTCERT=root)
    assert loaded.code == 0, loaded.output


@needs_openssl
@pytest.mark.parametrize(
    ("mode", "words"), [("verify-full", "encrypted"), ("require", "encrypted, unverified")]
)
def test_the_doctor_tells_whether_it_knows_who_answers(
    pipeline: Pipeline, tls: dict[str, str], mode: str, words: str
) -> None:
    root = f"{tls['directory']}/{'server.crt' if mode == 'verify-full' else 'missing.crt'}"
    where = _where(tls) | {"PGHOST": "localhost", "PGSSLMODE": mode, "PGSSLROOTCERT": root}
    said = pipeline.vault("doctor", **where).stdout
    assert f"database: connection {words}\n" in said


@needs_openssl
@pytest.mark.parametrize(
    ("database", "words"),
    [("template0", "no pg_hba.conf entry for host"), ("template1", "pg_hba.conf rejects")],
)
def test_a_rule_of_the_server_against_us(
    pipeline: Pipeline, tls: dict[str, str], database: str, words: str
) -> None:
    refused(pipeline, 3, words, **_where(tls) | {"PGDATABASE": database})
    assert "let an administrator allow this host, user and database" in pipeline.outputs[-1]


# The sandbox's server, without TLS


@pytest.mark.parametrize(
    ("variable", "value", "words"),
    [
        ("PGSSLMODE", "require", "server does not support SSL, but SSL was required: check PGSSL"),
        ("PGSSLMODE", "verify-full", "does not support SSL"),
        ("PGCHANNELBINDING", "require", "channel binding required, but SSL not in use: check PGS"),
    ],
)
def test_a_server_without_tls(pipeline: Pipeline, variable: str, value: str, words: str) -> None:
    refused(pipeline, 2, words, **{variable: value})


@pytest.mark.parametrize("mode", ["prefer", "disable"])
def test_a_port_of_another_server(pipeline: Pipeline, mode: str) -> None:
    port = pipeline.env["AWS_ENDPOINT_URL"].rpartition(":")[2]
    refused(pipeline, 2, "what answers there is not Postgres", PGPORT=port, PGSSLMODE=mode)


def test_a_host_without_an_address(pipeline: Pipeline) -> None:
    refused(pipeline, 2, "failed to resolve the host in PGHOST: ", PGHOST="db..example")
    assert "check PGHOST" in pipeline.outputs[-1]


def test_an_unknown_host(pipeline: Pipeline) -> None:
    host = "no-such-host.invalid"  # RFC 6761
    with pytest.raises(socket.gaierror) as unknown:
        socket.getaddrinfo(host, 5432)
    # Without a name server nobody knows whether there is such a host: that may pass.
    code = 1 if unknown.value.errno == socket.EAI_AGAIN else 2
    outcome = pipeline.load("--wait", "0", PGHOST=host)
    assert "failed to resolve the host in PGHOST" in one_line(outcome)
    assert "check PGHOST" in outcome.stderr
    assert outcome.code == code


NO_CONNECT = (
    "let an administrator grant CONNECT on it to the user in PGUSER "
    "(a NOINHERIT user does not have it from its roles)"
)


def test_a_login_gets_one_right_after_the_other(pipeline: Pipeline) -> None:
    pipeline.vault("init")
    pipeline.send(logins(3))
    name, role = pipeline.env["PGDATABASE"], "stranger"
    login = {"PGUSER": role, "PGPASSWORD": "x"}
    pipeline.sql(f"create role {role} noinherit password 'x'")
    try:
        refused(pipeline, 3, "name in PGUSER a user that may, and make it a member", **login)
        pipeline.sql(f"alter role {role} login")
        refused(pipeline, 3, NO_CONNECT, **login)
        for of in ("loader", "transformer"):
            pipeline.sql(f"grant login_{of} to {role}")
        refused(pipeline, 3, NO_CONNECT, **login)
        pipeline.sql(f"grant connect on database {name} to {role}")
        loaded = pipeline.load(**login)
        assert loaded.code == 0, loaded.output
        assert pipeline.value("select loaded_by from raw.loads") == role
        built = pipeline.dbt("build", **login)
        assert built.code == 0, built.output
    finally:
        pipeline.sql(f"drop owned by {role}")
        pipeline.sql(f"drop role {role}")


@pytest.mark.parametrize(
    ("spoil", "words"),
    [
        ("alter role {role} connection limit 0", "too many connections for role"),
        ("alter database {name} connection limit 0", "too many connections for database"),
        ("alter database {name} allow_connections false", "not currently accepting connections"),
    ],
)
def test_what_may_pass_is_waited_for(pipeline: Pipeline, spoil: str, words: str) -> None:
    pipeline.vault("init")
    name, role = pipeline.env["PGDATABASE"], "stranger"
    pipeline.sql(f"create role {role} login password 'x' in role login_loader")
    try:
        with pipeline.connect(dbname="postgres") as other:
            other.execute(spoil.format(role=role, name=name).encode())
            outcome = pipeline.load("--wait", "1.5", PGUSER=role, PGPASSWORD="x")
            other.execute(
                f"alter database {name} connection limit -1 allow_connections true".encode()
            )
        last = outcome.stderr.strip().splitlines()[-1]
        assert "cannot reach Postgres" in last
        assert words in last
        assert outcome.code == 1
    finally:
        pipeline.sql(f"drop role {role}")


AWAY = (
    "FATAL:  the database system is starting up",
    "FATAL:  the database system is shutting down",
    "FATAL:  sorry, too many clients already",
    "FATAL:  remaining connection slots are reserved for roles with the SUPERUSER attribute",
    "Connection refused\n\tIs the server running on that host and accepting TCP/IP connections?",
    "server closed the connection unexpectedly",
    "SSL SYSCALL error: Connection reset by peer",
    "SSL connection has been closed unexpectedly",
    "SSL error: unexpected eof while reading",
)


@pytest.mark.parametrize("words", AWAY)
def test_a_server_that_is_away_may_come_back(words: str) -> None:
    """In libpq's words, for what no server can be brought to say at will."""
    said = f'connection failed: connection to server at "192.0.2.1", port 5432 failed: {words}'
    assert isinstance(no_connection(psycopg.OperationalError(said)), TemporaryError)


def test_a_name_server_that_does_not_answer_may_come_back() -> None:
    for said in (
        "failed to resolve host 'db': [Errno -3] Temporary failure in name resolution",
        'could not translate host name "db" to address: Temporary failure in name resolution',
    ):
        assert isinstance(no_connection(psycopg.OperationalError(said)), TemporaryError)
