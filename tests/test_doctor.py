"""The doctor finds a sound installation sound, and names what is not."""

import json
import re
from pathlib import Path

import psycopg
import pytest

from tests.conftest import Pipeline, one_line
from vault import doctor
from vault.doctor import Finding, _is_this_machine


def test_a_sound_installation_has_nothing_to_mend(pipeline: Pipeline) -> None:
    pipeline.vault("init")
    dead = pipeline.client.create_queue(QueueName=f"{pipeline.env['LOGIN_QUEUE']}-dead")["QueueUrl"]
    arn = pipeline.client.get_queue_attributes(QueueUrl=dead, AttributeNames=["QueueArn"])
    redrive = {"deadLetterTargetArn": arn["Attributes"]["QueueArn"], "maxReceiveCount": 5}
    pipeline.client.set_queue_attributes(
        QueueUrl=pipeline.url,
        Attributes={"RedrivePolicy": json.dumps(redrive), "SqsManagedSseEnabled": "true"},
    )
    examined = pipeline.vault("doctor")
    assert examined.code == 0, examined.output
    lines = examined.stdout.splitlines()
    assert len(lines) > 12
    assert all(line.startswith("ok    ") for line in lines)
    count = re.search("^ok    catalogue: ([0-9]+) facts are as", examined.stdout, re.MULTILINE)
    assert count
    assert int(count[1]) > 400
    as_json = pipeline.vault("doctor", "--format", "json")
    assert as_json.code == 0
    assert {one["status"] for one in json.loads(as_json.stdout)} == {"ok"}
    assert [one["subject"] for one in json.loads(as_json.stdout)] == [line[6:] for line in lines]


@pytest.mark.parametrize(
    ("harm", "finding"),
    [
        ("delete from vault.masking_key where domain = 'ip'", "keys: ip"),
        ("grant select on raw.raw_logins to public", "grants: raw.raw_logins to public"),
        ("revoke insert on raw.loads from login_loader", "grants: raw.loads to login_loader"),
        ("grant connect on database logins to public", "grants: the database to public: CONNECT"),
        ("grant usage on schema raw to public", "grants: schema raw to public: USAGE"),
        ("alter role login_analyst login", "roles: login_analyst"),
        ("alter schema vault owner to postgres", "schema vault: is owned by postgres"),
        (
            "alter function vault.recover(bigint) reset all",
            "function vault.recover(bigint): is FUNCTION",
        ),
    ],
)
def test_what_is_wrong_is_named(pipeline: Pipeline, harm: str, finding: str) -> None:
    pipeline.vault("init")
    before = pipeline.sql("select rolcanlogin from pg_roles where rolname = 'login_analyst'")
    pipeline.sql(harm)
    try:
        examined = pipeline.vault("doctor")
        assert examined.code == 3
        assert f"FAIL  {finding}" in examined.stdout
    finally:
        if before == [(False,)]:
            pipeline.sql("alter role login_analyst nologin")


def test_the_doctor_changes_nothing_even_where_nothing_is_there(pipeline: Pipeline) -> None:
    examined = pipeline.vault("doctor", LOGIN_QUEUE="missing-queue")
    assert examined.code == 3
    (finding,) = re.findall("^FAIL  (?!queue).*$", examined.stdout, re.MULTILINE)
    assert finding.endswith("run `python -m vault init`")
    assert "FAIL  queue: queue 'missing-queue' does not exist" in examined.stdout
    assert pipeline.value("select count(*) from pg_namespace where nspname = 'raw'") == 0


def test_a_database_that_is_down_is_a_finding(pipeline: Pipeline) -> None:
    examined = pipeline.vault("doctor", PGPORT="1")
    assert examined.code == 3
    assert "FAIL  database: cannot reach Postgres" in examined.stdout


def findings(pipeline: Pipeline, **env: str) -> list[str]:
    """Return what the doctor finds wrong with the database."""
    examined = pipeline.vault("doctor", **env)
    assert not examined.stderr
    assert "queue: reached" in examined.stdout
    return [line for line in examined.stdout.splitlines() if re.match("FAIL  (?!queue)", line)]


@pytest.mark.parametrize(
    "setting",
    [
        "quote_all_identifiers = on",
        "default_transaction_isolation = serializable",
        "default_transaction_read_only = on",
        "standard_conforming_strings = off",
        "datestyle = 'SQL, DMY'",
        "search_path = ''",
        "client_encoding = latin1",
        "statement_timeout = '300ms'",
    ],
)
def test_settings_of_the_database_change_no_finding(pipeline: Pipeline, setting: str) -> None:
    if "read_only" in setting:  # which set-up refuses
        pipeline.vault("init")
    pipeline.sql(f"alter database logins set {setting}")
    if "read_only" not in setting:
        done = pipeline.vault("init")
        assert done.code == 0, done.output
    assert findings(pipeline) == []


def test_set_up_of_a_read_only_database_is_refused(pipeline: Pipeline) -> None:
    pipeline.sql("alter database logins set default_transaction_read_only = on")
    refused = pipeline.vault("init")
    assert refused.code == 2
    assert "unset default_transaction_read_only" in one_line(refused)


def test_a_member_that_inherits_nothing_is_examined_like_any_other(pipeline: Pipeline) -> None:
    """It can take the role, as every command does."""
    pipeline.vault("init")
    login = {"PGUSER": "norah", "PGPASSWORD": "x"}
    pipeline.sql("create role norah login noinherit password 'x' in role login_owner")
    try:
        (refused,) = findings(pipeline, **login)
        assert "grant CONNECT" in refused
        pipeline.sql("grant connect on database logins to norah")
        assert findings(pipeline, **login) == []
    finally:
        pipeline.sql("revoke connect on database logins from norah")
        pipeline.sql("drop role norah")


def test_without_the_owner_s_rights_the_rest_is_examined(pipeline: Pipeline) -> None:
    pipeline.vault("init")
    pipeline.sql("create role lorna login password 'x' in role login_loader")
    try:
        (finding,) = findings(pipeline, PGUSER="lorna", PGPASSWORD="x")
    finally:
        pipeline.sql("drop role lorna")
    assert finding == (
        "FAIL  migrations, keys and window: cannot be checked with these rights: "
        "log in as a member of login_owner"
    )


@pytest.mark.parametrize(
    ("host", "is_this_machine"),
    [
        ("localhost", True),
        ("127.0.0.1", True),
        ("::1", True),
        ("/var/run/postgresql", True),
        ("10.0.0.5", False),
        ("db.example.com", False),
        ("localhost.example.com", False),
    ],
)
def test_only_the_loopback_is_this_machine(host: str, is_this_machine: bool) -> None:
    assert _is_this_machine(host) is is_this_machine


def test_a_finding_is_one_line() -> None:
    assert str(Finding("subject")) == "ok    subject"
    assert str(Finding("subject", "remedy")) == "FAIL  subject: remedy"
    assert str(Finding("subject", "remedy", is_declared=True)) == "known subject"


def test_what_a_site_adds_on_purpose_is_declared(pipeline: Pipeline, tmp_path: Path) -> None:
    pipeline.build()
    pipeline.sql("create role bi login")
    try:
        pipeline.sql("grant connect on database logins to bi")
        pipeline.sql("grant select on user_logins, daily_logins, pipeline_health to bi")
        pipeline.sql("create table public.theirs (x integer)")
        assert len(findings(pipeline)) == 5
        file = tmp_path / "declared.txt"
        file.write_text(
            "# the BI tool\ngrants: public.*_logins to bi: SELECT\n\n* bi: *\n", "utf-8"
        )
        found = pipeline.vault("doctor", "--declared", str(file)).stdout
        assert re.findall("^FAIL  (?!queue).*$", found, re.MULTILINE) == [
            "FAIL  table public.theirs: owned by postgres: drop table public.theirs"
        ]
        assert found.count("known grants: ") == 4
        # Nothing else is declared by that.
        pipeline.sql("grant insert on user_logins to bi with grant option")
        file.write_text("grants: public.*_logins to bi: SELECT\n", "utf-8")
        found = pipeline.vault("doctor", "--declared", str(file), "--format", "json").stdout
        failed = [one for one in json.loads(found) if one["status"] == "failed"]
        assert {
            "status": "failed",
            "subject": "grants: public.user_logins to bi: INSERT with grant option",
            "remedy": "revoke INSERT on table public.user_logins from bi",
        } in failed
    finally:
        pipeline.sql("drop owned by bi")
        pipeline.sql("drop role bi")


def test_a_server_on_this_machine_needs_no_encryption(pipeline: Pipeline, tmp_path: Path) -> None:
    """A first try has nothing to repair but the dead-letter queue, which may be declared."""
    pipeline.vault("init")
    declared = tmp_path / "declared.txt"
    declared.write_text("queue: dead-letter queue\n", "utf-8")
    examined = pipeline.vault("doctor", "--declared", str(declared))
    assert examined.code == 0, examined.output
    assert "known queue: dead-letter queue\nok    queue: on this machine\n" in examined.stdout


def test_elsewhere_a_queue_has_to_be_encrypted(
    pipeline: Pipeline, monkeypatch: pytest.MonkeyPatch
) -> None:
    for name, value in pipeline.env.items():
        monkeypatch.setenv(name, value)
    monkeypatch.setattr(doctor, "_is_this_machine", lambda _: False)
    found = {one.subject: one.remedy for one in doctor.examine(pipeline.env)}
    assert found["queue: encrypted at rest"] == "set SqsManagedSseEnabled, or a KmsMasterKeyId"
    assert "use an https endpoint" in str(found["queue: connection over http"])


def test_models_may_be_published_to_another_schema(pipeline: Pipeline) -> None:
    pipeline.build(DBT_SCHEMA="analytics")
    assert findings(pipeline, DBT_SCHEMA="analytics") == []
    said = findings(pipeline)
    different = "setting published_schema: is analytics, should be that of D"
    assert any(different in line for line in said)


def test_a_declaration_that_cannot_be_read_is_refused(pipeline: Pipeline, tmp_path: Path) -> None:
    refused = pipeline.vault("doctor", "--declared", str(tmp_path / "missing"))
    assert refused.code == 2
    assert "cannot read" in one_line(refused)


def test_the_doctor_runs_no_code_of_the_owner(pipeline: Pipeline) -> None:
    """Of who may replace what it reads, and would have the rights of the superuser who asks."""
    pipeline.vault("init")
    pipeline.sql("create table public.ran (x integer); grant all on public.ran to public")
    for statement in (
        "create function vault.run() returns integer language plpgsql as"
        " 'begin reset role; insert into public.ran values (1); return 1; end'",
        "alter table vault.settings rename to s",
        "create view vault.settings as select name, value from vault.s where vault.run() = 1",
        "create or replace function raw.finished_before() returns xid8 language sql"
        " as 'select vault.run()::text::xid8'",
    ):
        pipeline.sql(statement, role="login_owner")
    with pytest.raises(psycopg.errors.ReadOnlySqlTransaction):
        pipeline.sql("begin; set transaction read only; select * from vault.settings")
    said = findings(pipeline)
    assert any("mend first what is read" in line for line in said)
    assert any(line.startswith("FAIL  view vault.settings: owned by") for line in said)
