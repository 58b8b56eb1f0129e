"""deploy/template.yaml, deployed to two servers that stand in for CloudFormation.

Neither does everything. moto knows no alarms, schedules, secrets and policies of queues, so these
are looked at in ministack; ministack knows no AWS::EC2::SecurityGroupIngress, so that is left to
moto. Neither can make the database as CloudFormation would (moto fails, ministack wants Docker):
it is taken out of what they get, and only read. Whether the rights are enough, and whether the
images start, only AWS can tell.
"""

import ast
import json
import re
import sys
import warnings
from collections.abc import Callable, Iterator
from typing import Any

import boto3
import pytest
from cfnlint.decode import cfn_yaml
from moto import mock_aws

from sandbox.process import server
from tests.conftest import ROOT

TEMPLATE: dict[str, Any] = json.loads(json.dumps(cfn_yaml.load(str(ROOT / "deploy/template.yaml"))))
RESOURCES = TEMPLATE["Resources"]
REGION = "eu-central-1"
KEYS = {"aws_access_key_id": "test", "aws_secret_access_key": "test", "region_name": REGION}

# What is asked of the database that is not made
DATABASE = {
    "Endpoint.Address": "db.example.com",
    "DbiResourceId": "db-ABC",
    "MasterUserSecret.SecretArn": f"arn:aws:secretsmanager:{REGION}:123456789012:secret:rds!db-ABC",
}

OF_THE_DATABASE = ("DiskFills", "CreditsEnd", "ConnectionsFill")

Client = Callable[[str], Any]

new_client: Callable[..., Any] = boto3.client  # its overloads want literals


def deploy(client: Client, *left_out: str, **parameters: str) -> dict[str, str]:
    """Create the stack without some types of resources; return the physical ids by name."""
    template = json.dumps(
        TEMPLATE
        | {
            "Resources": {
                name: resource
                for name, resource in RESOURCES.items()
                if not resource["Type"].startswith(("AWS::RDS::", *left_out))
            }
        }
    )
    for attribute, value in DATABASE.items():
        asked = json.dumps({"Fn::GetAtt": ["Database", attribute]})
        template = template.replace(asked, json.dumps(value))
    template = template.replace('{"Ref": "Database"}', '"logins-database"')
    network = client("ec2")
    subnets = [subnet["SubnetId"] for subnet in network.describe_subnets()["Subnets"]]
    client("s3").create_bucket(
        Bucket="archives", CreateBucketConfiguration={"LocationConstraint": REGION}
    )
    client("s3").put_object(Bucket="archives", Key="loader.zip", Body=b"PK\5\6" + bytes(18))
    given = {
        "LoaderBucket": "archives",
        "LoaderKey": "loader.zip",
        "ImageDigest": "sha256:" + "0" * 64,
        "AlarmEmail": "team@example.com",
        "VpcId": network.describe_vpcs()["Vpcs"][0]["VpcId"],
        "PrivateSubnetIds": ",".join(subnets[:2]),
        "TaskSubnetIds": subnets[-1],
    } | parameters
    cloudformation = client("cloudformation")
    cloudformation.create_stack(
        StackName="logins",
        TemplateBody=template,
        Parameters=[{"ParameterKey": k, "ParameterValue": v} for k, v in given.items()],
        Capabilities=["CAPABILITY_IAM"],
    )
    cloudformation.get_waiter("stack_create_complete").wait(
        StackName="logins", WaiterConfig={"Delay": 1, "MaxAttempts": 30}
    )
    listed = cloudformation.list_stack_resources(StackName="logins")["StackResourceSummaries"]
    return {found["LogicalResourceId"]: found.get("PhysicalResourceId", "") for found in listed}


def in_moto(service: str) -> Any:
    return new_client(service, **KEYS)


@pytest.fixture(scope="module")
def moto() -> Iterator[dict[str, str]]:
    with mock_aws():
        with warnings.catch_warnings(record=True) as warned:
            warnings.simplefilter("always")
            made = deploy(in_moto)
        cannot = {found for w in warned for found in re.findall(r"AWS::\w+::\w+", str(w.message))}
        assert cannot == {
            "AWS::CloudWatch::Alarm",
            "AWS::Logs::MetricFilter",
            "AWS::SQS::QueuePolicy",
            "AWS::Scheduler::Schedule",
            "AWS::SecretsManager::Secret",
        }
        yield made


@pytest.fixture(scope="module")
def ministack(tmp_path_factory: pytest.TempPathFactory) -> Iterator[Client]:
    directory = tmp_path_factory.mktemp("ministack")
    log = directory / "ministack.log"
    with server(
        lambda _: [sys.executable, "-m", "ministack"],
        lambda port: f"Running on http://127.0.0.1:{port}" in log.read_text(),
        log,
        environment=lambda port: {
            "PATH": "/usr/bin:/bin",
            "HOME": str(directory),
            "TMPDIR": str(directory),
            "BIND_HOST": "127.0.0.1",
            "GATEWAY_PORT": str(port),
            "IOT_MTLS_ENABLED": "0",
        },
    ) as port:

        def client(service: str) -> Any:
            return new_client(service, endpoint_url=f"http://127.0.0.1:{port}", **KEYS)

        deploy(client, "AWS::EC2::SecurityGroupIngress")
        yield client


def test_the_queue_gives_up_after_ten_hours_and_keeps_what_it_gave_up(moto: dict[str, str]) -> None:
    def attributes(name: str) -> dict[str, Any]:
        found = in_moto("sqs").get_queue_attributes(QueueUrl=moto[name], AttributeNames=["All"])
        return dict(found["Attributes"])

    queue, dead_letters = attributes("Queue"), attributes("DeadLetterQueue")
    redrive = json.loads(queue["RedrivePolicy"])
    assert redrive["deadLetterTargetArn"] == dead_letters["QueueArn"]
    assert redrive["maxReceiveCount"] * int(queue["VisibilityTimeout"]) == 36_000
    assert int(dead_letters["MessageRetentionPeriod"]) > int(queue["MessageRetentionPeriod"])
    for found in (queue, dead_letters):
        assert found["KmsMasterKeyId"].endswith(f":key/{moto['Key']}")


def test_the_loader_reads_the_queue_and_answers_message_by_message(moto: dict[str, str]) -> None:
    [mapping] = in_moto("lambda").list_event_source_mappings()["EventSourceMappings"]
    assert mapping["EventSourceArn"].endswith(":login-queue")
    assert mapping["FunctionArn"].endswith(f":{moto['Loader']}")
    assert mapping["FunctionResponseTypes"] == ["ReportBatchItemFailures"]
    assert mapping["BatchSize"] == 500
    assert mapping["MaximumBatchingWindowInSeconds"] == 30
    assert mapping["ScalingConfig"] == {"MaximumConcurrency": 5}
    [function] = in_moto("lambda").list_functions()["Functions"]
    queue = in_moto("sqs").get_queue_attributes(QueueUrl=moto["Queue"], AttributeNames=["All"])
    assert int(queue["Attributes"]["VisibilityTimeout"]) == 6 * function["Timeout"]
    variables = function["Environment"]["Variables"]
    assert variables["PGHOST"] == DATABASE["Endpoint.Address"]
    assert "PGPASSWORD" not in variables
    [seconds] = re.findall(r"^-c statement_timeout=(\d+)s$", variables["PGOPTIONS"])
    # Two tries, each with the 5 s that loader/database.py waits for a connection
    assert 2 * (5 + int(seconds)) < function["Timeout"]
    module, name = function["Handler"].rsplit(".", 1)
    source = (ROOT / (module.replace(".", "/") + ".py")).read_text("utf-8")
    assert f"def {name}(event" in source


def statements_of(moto: dict[str, str], name: str) -> list[dict[str, Any]]:
    """What a role, or a managed policy, allows; actions always as a list."""
    iam = in_moto("iam")
    if name.endswith("Role"):
        documents = [
            iam.get_role_policy(RoleName=moto[name], PolicyName=policy)["PolicyDocument"]
            for policy in iam.list_role_policies(RoleName=moto[name])["PolicyNames"]
        ]
    else:
        version = iam.get_policy_version(PolicyArn=moto[name], VersionId="v1")
        documents = [version["PolicyVersion"]["Document"]]
    found = []
    for document in documents:
        # moto keeps an inline policy as Python would print it
        parsed = ast.literal_eval(document) if isinstance(document, str) else document
        for statement in parsed["Statement"]:
            actions = statement["Action"]
            found.append(statement | {"Action": [actions] if isinstance(actions, str) else actions})
    return found


@pytest.mark.parametrize(
    ("name", "allowed", "wide"),
    [
        (
            "LoaderRole",
            {
                *("sqs:ReceiveMessage", "sqs:DeleteMessage", "sqs:GetQueueAttributes"),
                *("kms:Decrypt", "rds-db:connect", "logs:CreateLogStream", "logs:PutLogEvents"),
            },
            {
                *("ec2:CreateNetworkInterface", "ec2:DeleteNetworkInterface"),
                *("ec2:DescribeNetworkInterfaces", "ec2:DescribeSubnets"),
            },
        ),
        ("BuildExecutionRole", {"secretsmanager:GetSecretValue"}, set()),
        ("SetUpExecutionRole", {"secretsmanager:GetSecretValue"}, set()),
        ("ScheduleRole", {"ecs:RunTask", "iam:PassRole", "sqs:SendMessage"}, set()),
        (
            "RotationRole",
            {"secretsmanager:PutSecretValue", "kms:Decrypt", "kms:GenerateDataKey"},
            set(),
        ),
        (
            "StartTasks",
            {
                *("kms:Decrypt", "logs:CreateLogStream", "logs:PutLogEvents"),
                *("ecr:BatchCheckLayerAvailability", "ecr:BatchGetImage"),
                "ecr:GetDownloadUrlForLayer",
            },
            {"ecr:GetAuthorizationToken"},
        ),
    ],
)
def test_a_role_may_do_this_and_names_on_what(
    moto: dict[str, str], name: str, allowed: set[str], wide: set[str]
) -> None:
    statements = statements_of(moto, name)
    for everything, expected in ((False, allowed), (True, wide)):
        assert {
            action
            for statement in statements
            if (statement.get("Resource") == "*") is everything
            for action in statement["Action"]
        } == expected


def test_the_loader_may_connect_as_itself_only(moto: dict[str, str]) -> None:
    [connect] = [s for s in statements_of(moto, "LoaderRole") if "rds-db:connect" in s["Action"]]
    assert connect["Resource"].endswith(":dbuser:db-ABC/logins_loader")


def test_the_database_lets_in_loader_and_tasks_only(moto: dict[str, str]) -> None:
    [group] = in_moto("ec2").describe_security_groups(GroupIds=[moto["DatabaseSecurityGroup"]])[
        "SecurityGroups"
    ]
    let_in = [
        (rule["FromPort"], rule["ToPort"], pair["GroupId"])
        for rule in group["IpPermissions"]
        for pair in rule["UserIdGroupPairs"]
    ]
    assert sorted(let_in) == sorted(
        (5432, 5432, moto[name]) for name in ("LoaderSecurityGroup", "TaskSecurityGroup")
    )
    assert not any(rule["IpRanges"] for rule in group["IpPermissions"])


def test_logs_are_not_kept_for_ever(moto: dict[str, str]) -> None:
    groups = {g["logGroupName"]: g for g in in_moto("logs").describe_log_groups()["logGroups"]}
    for name in ("LoaderLogs", "BuildLogs"):
        assert groups[moto[name]]["retentionInDays"] == 30


def test_the_loader_reaches_the_database_and_nothing_else(ministack: Client) -> None:
    groups = {
        group["Description"]: group
        for group in ministack("ec2").describe_security_groups()["SecurityGroups"]
    }
    [way_out] = groups["Loader of the login events"]["IpPermissionsEgress"]
    assert way_out["FromPort"] == way_out["ToPort"] == 5432
    assert [pair["GroupId"] for pair in way_out["UserIdGroupPairs"]] == [
        groups["Database of the login events"]["GroupId"]
    ]


def test_alarms_tell_somebody(ministack: Client) -> None:
    found = ministack("cloudwatch").describe_alarms()["MetricAlarms"]
    alarms = {
        name: alarm
        for alarm in found
        for name in RESOURCES
        if alarm["AlarmDescription"]
        == RESOURCES[name].get("Properties", {}).get("AlarmDescription")
    }
    assert len(found) == len(alarms)
    assert set(alarms) == {
        *("MessagesWait", "DeadLetters", "LoaderFails", "CannotLand", "LoaderThrottled"),
        *("NothingStarts", "NoFreshBuild", *OF_THE_DATABASE),
    }
    [topic] = ministack("sns").list_topics()["Topics"]
    for alarm in alarms.values():
        assert alarm["AlarmActions"] == alarm["OKActions"] == [topic["TopicArn"]]
    [subscription] = ministack("sns").list_subscriptions()["Subscriptions"]
    assert subscription["Endpoint"] == "team@example.com"
    dead_letters = alarms["DeadLetters"]
    assert dead_letters["Dimensions"] == [
        {"Name": "QueueName", "Value": "login-queue-dead-letters"}
    ]
    waits = alarms["MessagesWait"]  # within a minute of the 15 that its text says
    assert waits["Threshold"] + waits["Period"] * waits["EvaluationPeriods"] <= 16 * 60
    assert alarms["NoFreshBuild"]["TreatMissingData"] == "breaching"  # also if no build runs at all
    filters = {
        transformation["metricName"]: transformation["metricNamespace"]
        for metric in ministack("logs").describe_metric_filters()["metricFilters"]
        for transformation in metric["metricTransformations"]
    }
    assert filters == {
        alarms[name]["MetricName"]: alarms[name]["Namespace"]
        for name in ("CannotLand", "NoFreshBuild")
    }
    for name in OF_THE_DATABASE:
        assert alarms[name]["Namespace"] == "AWS/RDS"


def test_the_build_is_scheduled(ministack: Client) -> None:
    schedules = [
        ministack("scheduler").get_schedule(Name=listed["Name"])
        for listed in ministack("scheduler").list_schedules()["Schedules"]
    ]
    # Raw messages are kept where no parameter says otherwise.
    assert {s["ScheduleExpression"] for s in schedules} == {"rate(1 hour)", "cron(40 3 1 * ? *)"}
    assert all(":sqs:" in s["Target"]["DeadLetterConfig"]["Arn"] for s in schedules)
    [schedule] = [s for s in schedules if s["ScheduleExpression"] == "rate(1 hour)"]
    task = schedule["Target"]["EcsParameters"]["TaskDefinitionArn"]
    [container] = ministack("ecs").describe_task_definition(taskDefinition=task)["taskDefinition"][
        "containerDefinitions"
    ]
    assert container["name"] == "dbt"
    assert container["command"] == [
        *("timeout", "--kill-after=60s", "50m", "python", "-m", "deploy.in_turn"),
        *("dbt", "build", ",", "dbt", "source", "freshness", ",", "echo", "built and fresh"),
    ]


def test_a_task_writes_to_memory_only_and_ends() -> None:
    tasks = {
        name: resource["Properties"]["ContainerDefinitions"]
        for name, resource in RESOURCES.items()
        if resource["Type"] == "AWS::ECS::TaskDefinition"
    }
    assert set(tasks) == {"Build", "SetUp", "Rotation", "Purging"}
    for name, [container] in tasks.items():
        assert container["ReadonlyRootFilesystem"] is True, name
        assert container["LinuxParameters"]["Tmpfs"][0]["ContainerPath"] == "/tmp", name  # noqa: S108
        assert "sh" not in container["Command"], name
        assert container["Command"][0] == "timeout", name


def value_of(said: Any, given: dict[str, str]) -> Any:
    """What CloudFormation makes of a condition; neither server looks at Rules."""
    if not isinstance(said, dict):
        return said
    [(function, words)] = said.items()
    if function == "Ref":
        return given.get(words, TEMPLATE["Parameters"][words].get("Default"))
    values = [value_of(word, given) for word in words]
    if function == "Fn::Equals":
        return values[0] == values[1]
    if function == "Fn::Not":
        return not values[0]
    assert function == "Fn::And", function
    return all(values)


OWN_DATABASE = {
    "OwnDatabaseHost": "mine.example.com",
    "OwnDatabaseResourceId": "db-MINE",
    "OwnDatabaseSecurityGroupId": "sg-12345678",
    "OwnDatabaseSecretArn": "arn:aws:secretsmanager:eu-central-1:123456789012:secret:mine",
}


@pytest.mark.parametrize(
    ("given", "refused"),
    [
        ({"AlarmEmail": "team@example.com"}, []),
        ({"AlarmTopicArn": "arn:aws:sns:eu-central-1:123456789012:mine"}, []),
        ({}, ["Set AlarmEmail or AlarmTopicArn."]),
        ({"AlarmEmail": "team@example.com"} | OWN_DATABASE, []),
        *(
            ({"AlarmEmail": "x@y.z"} | OWN_DATABASE | {name: default}, [f"Set {name}, too."])
            for name, default in (
                (name, TEMPLATE["Parameters"][name]["Default"]) for name in [*OWN_DATABASE][1:]
            )
        ),
    ],
)
def test_what_is_missing_is_refused_before_anything_is_made(
    given: dict[str, str], refused: list[str]
) -> None:
    assert [
        assertion["AssertDescription"]
        for rule in TEMPLATE["Rules"].values()
        if value_of(rule.get("RuleCondition", True), given)
        for assertion in rule["Assertions"]
        if not value_of(assertion["Assert"], given)
    ] == refused


def test_the_database_shows_who_it_is() -> None:
    said = json.dumps(RESOURCES)
    assert said.count('"PGSSLMODE"') == said.count('"verify-full"') == 5
    assert said.count("deploy/rds-ca.pem") == 5


def test_nothing_replaces_the_database_unnoticed() -> None:
    """No parameter reaches a property whose change makes another database."""
    fixed = {"DBName", "Engine", "MasterUsername", "StorageEncrypted", "DBInstanceIdentifier"}
    properties = RESOURCES["Database"]["Properties"]
    assert not any(isinstance(properties.get(name), dict) for name in fixed)


def test_secrets_are_made_and_the_queue_wants_encryption(ministack: Client) -> None:
    secrets = ministack("secretsmanager").list_secrets()["SecretList"]
    assert len(secrets) == 4
    url = ministack("sqs").get_queue_url(QueueName="login-queue")["QueueUrl"]
    found = ministack("sqs").get_queue_attributes(QueueUrl=url, AttributeNames=["All"])
    [statement] = json.loads(found["Attributes"]["Policy"])["Statement"]
    assert statement["Effect"] == "Deny"
    assert statement["Condition"] == {"Bool": {"aws:SecureTransport": "false"}}


def test_the_database_is_closed_and_survives_the_stack() -> None:
    database = RESOURCES["Database"]
    assert database["DeletionPolicy"] == database["UpdateReplacePolicy"] == "Snapshot"
    assert database["Properties"]["StorageEncrypted"] is True
    assert database["Properties"]["PubliclyAccessible"] is False
    assert database["Properties"]["EnableIAMDatabaseAuthentication"] is True
    assert "MasterUserPassword" not in database["Properties"]


def test_the_costs_of_the_documentation_add_up() -> None:
    page = (ROOT / "docs/deployment.md").read_text("utf-8")
    [table] = re.findall(r"^\| what \| arithmetic .+?\n\n", page, re.MULTILINE | re.DOTALL)
    costs = [float(found) for found in re.findall(r"\| (\d+\.\d\d) \|$", table, re.MULTILINE)]
    [total] = re.findall(r"\*\*(\d+\.\d\d)\*\*", table)
    assert len(costs) == 10
    assert f"{sum(costs):.2f}" == total
