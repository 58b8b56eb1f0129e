"""What runs in AWS, run here: the template's two tasks, the logins, and the Lambda function."""

import datetime
import hashlib
import importlib
import json
import warnings
from collections.abc import Iterator

import psycopg
import pytest
from moto import mock_aws

from loader import lambda_handler
from tests.conftest import Pipeline
from tests.logins import logins
from tests.test_deploy import (
    KEYS,
    RESOURCES,
    TEMPLATE,
    deploy,
    in_moto,
    new_client,
    statements_of,
)
from vault.keys import secret_from


def random_secret(name: str) -> str:
    """What Secrets Manager, here moto's, makes of the template's GenerateSecretString."""
    with mock_aws():
        rules = RESOURCES[name]["Properties"]["GenerateSecretString"]
        return str(in_moto("secretsmanager").get_random_password(**rules)["RandomPassword"])


@pytest.fixture
def iam_login(pipeline: Pipeline) -> Iterator[None]:
    """Make the role that RDS gives its logins by IAM."""
    pipeline.sql("create role rds_iam")
    yield
    pipeline.sql(
        "drop role if exists logins_loader, logins_report; drop owned by logins_dbt;"
        "drop role logins_dbt;"
        "drop role rds_iam"
    )


@pytest.mark.usefixtures("iam_login")
def test_the_tasks_of_the_template_set_up_and_build(pipeline: Pipeline) -> None:
    made = {name: random_secret(name) for name in RESOURCES if name.startswith("MaskingKey")}
    made["DbtPassword"] = random_secret("DbtPassword")

    def run(task: str) -> str:
        [container] = RESOURCES[task]["Properties"]["ContainerDefinitions"]
        here = {name: pipeline.env[name] for name in ("PGHOST", "PGPORT", "PGDATABASE")}
        given = {
            variable["Name"]: here.get(variable["Name"], variable["Value"])
            for variable in container["Environment"]
        }
        # The sandbox's Postgres has no certificate.
        given |= {"PGSSLMODE": "prefer", "PGSSLROOTCERT": ""}
        for secret in container["Secrets"]:
            source = secret["ValueFrom"]
            given[secret["Name"]] = (
                made[source["Ref"]] if "Ref" in source else pipeline.env[secret["Name"]]
            )
        without = dict.fromkeys(set(pipeline.env) & {"PGUSER", "PGPASSWORD"}, "")
        limit = TEMPLATE["Parameters"]["BuildTimeLimit"]["Default"]
        command = [limit if isinstance(word, dict) else word for word in container["Command"]]
        done = pipeline.run(*command, **(without | given))
        assert done.code == 0, done.output
        return done.output

    said = run("SetUp")
    assert "made or renewed: logins_loader, logins_dbt, logins_report" in said
    assert pipeline.sql(
        "select roleid::regrole::text from pg_auth_members"
        " where member = 'logins_loader'::regrole order by 1"
    ) == [("login_loader",), ("rds_iam",)]
    assert pipeline.sql("select rolpassword from pg_authid where rolname = 'logins_loader'") == [
        (None,)
    ]
    key = secret_from({"MASKING_KEY_IP": made["MaskingKeyIp"]}, "ip")
    assert pipeline.sql("select secret from vault.masking_key where domain = 'ip'") == [(key,)]
    pipeline.send(logins(3))
    assert pipeline.load().code == 0
    said += (built := run("Build"))
    waited_for = RESOURCES["FreshBuilds"]["Properties"]["FilterPattern"].strip('"')
    assert built.rstrip().endswith(waited_for)
    assert pipeline.value("select count(*) from user_logins") == 3
    for secret in made.values():
        assert secret not in said


def test_logins_need_a_password_where_there_is_no_iam(pipeline: Pipeline) -> None:
    pipeline.vault("init")
    done = pipeline.run("python", "-m", "deploy.logins")
    assert done.code == 2
    assert done.stderr.count("\n") == 1
    assert "set LOGINS_LOADER_PASSWORD_FILE" in done.stderr
    missing = pipeline.run("python", "-m", "deploy.logins", LOGINS_LOADER_PASSWORD_FILE="/nowhere")
    assert missing.code == 2
    assert "cannot read a password from /nowhere" in missing.stderr


def test_the_loader_logs_in_with_a_token_and_lands(
    pipeline: Pipeline, monkeypatch: pytest.MonkeyPatch
) -> None:
    lambda_entry = importlib.import_module("deploy.lambda_entry")
    pipeline.vault("init")
    for name in ("PGHOST", "PGPORT", "PGDATABASE"):
        monkeypatch.setenv(name, pipeline.env[name])
    monkeypatch.setenv("PGUSER", "logins_loader")
    monkeypatch.setenv("PGPASSWORD", "")
    for name, value in KEYS.items():  # as Lambda provides them
        monkeypatch.setenv(name.replace("region_name", "aws_default_region").upper(), value)
    # The sandbox cannot verify a signature; but it can have the very token as its password, if
    # the clock stands still.
    now = datetime.datetime.now(datetime.timezone.utc)
    monkeypatch.setattr("botocore.auth.get_current_datetime", lambda *_, **__: now)
    token = new_client("rds", **KEYS).generate_db_auth_token(
        DBHostname=pipeline.env["PGHOST"], Port=pipeline.env["PGPORT"], DBUsername="logins_loader"
    )
    made = pipeline.run(
        *("python", "-m", "deploy.logins"),
        LOGINS_LOADER_PASSWORD=token,
        LOGINS_DBT_PASSWORD="d",
        LOGINS_REPORT_PASSWORD="r",
    )
    assert made.code == 0, made.output
    body = logins(1)[0]
    record = {
        "eventSource": "aws:sqs",
        "messageId": "11111111-1111-1111-1111-111111111111",
        "receiptHandle": "handle",
        "body": body,
        "md5OfBody": hashlib.md5(body.encode(), usedforsecurity=False).hexdigest(),
        "attributes": {"SentTimestamp": "1750000000000", "ApproximateReceiveCount": "1"},
        "messageAttributes": {},
    }
    try:
        answer = lambda_entry.handler({"Records": [record]}, None)
        assert answer == {"batchItemFailures": []}
        assert pipeline.value("select count(*) from raw.raw_logins") == 1
    finally:
        for connection in lambda_handler._connections:
            connection.close()
        lambda_handler._connections.clear()
        for login in ("logins_loader", "logins_dbt", "logins_report"):
            pipeline.sql(f"drop owned by {login}; drop role {login}")


def test_a_rotated_password_is_in_the_secret_and_logs_in(
    pipeline: Pipeline, monkeypatch: pytest.MonkeyPatch, capsys: pytest.CaptureFixture[str]
) -> None:
    rotate = importlib.import_module("deploy.rotate")
    pipeline.sql("create role rotated login password 'first'")
    for name in ("PGHOST", "PGPORT", "PGDATABASE"):
        monkeypatch.setenv(name, pipeline.env[name])
    monkeypatch.setenv("PGUSER", "rotated")
    monkeypatch.setenv("PGPASSWORD", "first")
    for name, value in KEYS.items():
        monkeypatch.setenv(name.replace("region_name", "aws_default_region").upper(), value)
    try:
        with mock_aws():
            secret = in_moto("secretsmanager").create_secret(Name="x", SecretString="first")
            monkeypatch.setenv("SECRET_ID", secret["ARN"])
            assert rotate.main() == 0
            found = in_moto("secretsmanager").get_secret_value(SecretId="x")["SecretString"]
        assert found != "first"
        pipeline.connect(user="rotated", password=found).close()
        with pytest.raises(psycopg.OperationalError, match="password"):
            pipeline.connect(user="rotated", password="first")
        said = capsys.readouterr()
        assert found not in said.out + said.err
        # Without a right to the secret the password stays.
        monkeypatch.setenv("PGPASSWORD", found)
        with mock_aws():
            assert rotate.main() == 3
        pipeline.connect(user="rotated", password=found).close()
    finally:
        pipeline.sql("drop role rotated")


def test_queue_and_database_of_your_own_take_the_place_of_ours() -> None:
    region = KEYS["region_name"]
    with mock_aws(), warnings.catch_warnings():
        warnings.simplefilter("ignore")
        in_moto("sqs").create_queue(QueueName="mine")
        group = in_moto("ec2").create_security_group(GroupName="mine", Description="mine")
        made = deploy(
            in_moto,
            OwnQueueArn=f"arn:aws:sqs:{region}:123456789012:mine",
            OwnDatabaseHost="mine.example.com",
            OwnDatabaseName="mine",
            OwnDatabaseSecurityGroupId=group["GroupId"],
            OwnDatabaseResourceId="db-MINE",
            OwnDatabaseSecretArn=f"arn:aws:secretsmanager:{region}:123456789012:secret:mine",
            AlarmTopicArn=f"arn:aws:sns:{region}:123456789012:mine",
            PurgeOlderThan="90d",
        )
        assert not {"Queue", "DeadLetterQueue", "DatabaseSecurityGroup", "Alarms"} & set(made)
        assert "Purging" in made
        [function] = in_moto("lambda").list_functions()["Functions"]
        assert function["Environment"]["Variables"]["PGHOST"] == "mine.example.com"
        assert function["Environment"]["Variables"]["PGDATABASE"] == "mine"
        said = json.dumps(statements_of(made, "LoaderRole"))
        assert f"arn:aws:sqs:{region}:123456789012:mine" in said
        assert ":dbuser:db-MINE/logins_loader" in said
