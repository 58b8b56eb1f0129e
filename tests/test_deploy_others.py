"""Terraform module, Kubernetes manifests, alert rules and dashboard: the parts of the template.

The module is parsed and compared with the template, not planned: that takes the provider and AWS.
The manifests are compared with docker-compose.yml, whose commands run in test_compose.py.
"""

import json
import re
import shutil
import subprocess
from pathlib import Path
from typing import Any

import hcl2
import pytest
import yaml

from loader.metrics import Metrics
from tests.conftest import ROOT, Pipeline
from tests.test_compose import SERVICES
from tests.test_deploy import RESOURCES, TEMPLATE

TERRAFORM = {
    path.name: path.read_text("utf-8") for path in (ROOT / "deploy/terraform").glob("*.tf")
}
MANIFESTS: list[dict[str, Any]] = [
    document
    for path in sorted((ROOT / "deploy/kubernetes").glob("*.yaml"))
    for document in yaml.safe_load_all(path.read_text("utf-8"))
]
MONITORING = ROOT / "deploy/monitoring"


def unquoted(found: Any) -> Any:
    """What the parser says, without the quotes around names and texts."""
    if isinstance(found, dict):
        return {str(key).strip('"'): unquoted(value) for key, value in found.items()}
    if isinstance(found, list):
        return [unquoted(each) for each in found]
    return found.strip('"') if isinstance(found, str) else found


def declared(kind: str) -> dict[str, dict[str, Any]]:
    """All resources of a type, by name; or each `variable` or `output`."""
    found: dict[str, dict[str, Any]] = {}
    of_its_own = kind in ("variable", "output")
    for text in TERRAFORM.values():
        parsed = unquoted(hcl2.loads(text))
        for block in parsed.get(kind if of_its_own else "resource", []):
            for key, value in block.items():
                if of_its_own:
                    found[key] = value
                elif key == kind:
                    found |= value
    return found


def test_the_module_gives_loader_and_queue_what_the_template_gives() -> None:
    [function] = declared("aws_lambda_function").values()
    theirs = RESOURCES["Loader"]["Properties"]
    assert function["handler"] == theirs["Handler"]
    assert function["runtime"] == theirs["Runtime"]
    assert function["architectures"] == theirs["Architectures"]
    assert (function["memory_size"], function["timeout"]) == (512, 60)
    assert (theirs["MemorySize"], theirs["Timeout"]) == (512, 60)
    for name, value in theirs["Environment"]["Variables"].items():
        assert isinstance(value, dict) or f'"{value}"' in TERRAFORM["loader.tf"], name
    queue = declared("aws_sqs_queue")["queue"]
    ours = RESOURCES["Queue"]["Properties"]
    assert queue["visibility_timeout_seconds"] == ours["VisibilityTimeout"]
    assert queue["message_retention_seconds"] == ours["MessageRetentionPeriod"]
    assert (
        f"maxReceiveCount     = {ours['RedrivePolicy']['maxReceiveCount']}" in TERRAFORM["main.tf"]
    )
    assert set(declared("aws_sqs_queue_redrive_allow_policy")) == {"dead_letters"}


def test_the_module_allows_what_the_template_allows() -> None:
    def actions(text: str) -> set[str]:
        return set(
            re.findall(r"\b(?:sqs|kms|logs|ec2|ecr|ecs|iam|rds-db|secretsmanager):\w+", text)
        )

    roles = json.dumps([r for r in RESOURCES.values() if r["Type"].startswith("AWS::IAM::")])
    module = TERRAFORM["loader.tf"] + TERRAFORM["tasks.tf"]
    # What names a condition is none.
    assert actions(module) - {"ecs:cluster", "iam:PassedToService"} == actions(roles) - {
        "ecs:cluster",
        "iam:PassedToService",
    }


def test_the_module_runs_the_commands_of_the_template() -> None:
    text = re.sub(r"[\s\"\[\]]|var\.", "", TERRAFORM["tasks.tf"])
    for name in ("Build", "SetUp", "Rotation", "Purging"):
        [container] = RESOURCES[name]["Properties"]["ContainerDefinitions"]
        words = [
            re.sub(r"(?<!^)([A-Z])", r"_\1", word["Ref"]).lower()
            if isinstance(word, dict)
            else word
            for word in container["Command"]
        ]
        assert ",".join(words).replace(" ", "") in text, name


def test_the_module_sounds_the_alarms_of_the_template() -> None:
    theirs = {
        re.sub(r"(?<!^)([A-Z])", r"_\1", name).lower(): resource["Properties"]
        for name, resource in RESOURCES.items()
        if resource["Type"] == "AWS::CloudWatch::Alarm"
    }
    found = {
        name: {key: value.strip('"') for key, value in re.findall(r"^ +(\w+) += (.+)$", body, re.M)}
        for name, body in re.findall(
            r"^    (\w+) = \{\n(.+?)^    \}", TERRAFORM["alarms.tf"], re.M | re.S
        )
    }
    assert set(found) == set(theirs)
    for name, alarm in theirs.items():
        assert found[name]["metric"] == alarm["MetricName"], name
        assert found[name]["statistic"] == alarm["Statistic"], name
        assert [int(found[name][key]) for key in ("period", "periods", "limit")] == [
            alarm[key] for key in ("Period", "EvaluationPeriods", "Threshold")
        ], name
        above = alarm["ComparisonOperator"] == "GreaterThanThreshold"
        assert found[name]["above"] == str(above).lower(), name


def test_the_module_has_the_database_of_the_template() -> None:
    database = declared("aws_db_instance")["database"]
    theirs = RESOURCES["Database"]["Properties"]
    assert database["db_name"] == theirs["DBName"]
    assert database["engine_version"] == theirs["EngineVersion"]
    for name in ("storage_encrypted", "deletion_protection", "iam_database_authentication_enabled"):
        assert database[name] is True, name
    assert database["publicly_accessible"] is False
    assert "prevent_destroy = true" in TERRAFORM["database.tf"]
    for name in (
        theirs["DBParameterGroupName"]
        and RESOURCES["DatabaseParameters"]["Properties"]["Parameters"]
    ):
        assert name in TERRAFORM["database.tf"], name


def test_every_variable_of_the_module_is_described_and_used() -> None:
    text = "".join(TERRAFORM.values())
    for name, variable in declared("variable").items():
        assert variable["description"], name
        assert f"var.{name}" in text, name


def test_the_module_tells_what_the_template_tells() -> None:
    theirs = {re.sub(r"(?<!^)([A-Z])", r"_\1", name).lower() for name in TEMPLATE["Outputs"]}
    assert set(declared("output")) == theirs - {"set_up_task", "build_task"} | {"task_definitions"}


def pods() -> dict[str, dict[str, Any]]:
    found = {}
    for manifest in MANIFESTS:
        spec = manifest.get("spec", {})
        if manifest["kind"] == "CronJob":
            spec = spec["jobTemplate"]["spec"]
        if "template" in spec:
            found[manifest["metadata"]["name"]] = spec["template"]["spec"]
    return found


def test_pods_run_the_commands_of_compose_and_can_do_little_else() -> None:
    commands = {"set-up": "init", "build": "dbt", "follower": "follow"}
    assert set(pods()) == set(commands)
    for name, pod in pods().items():
        [container] = pod["containers"]
        ours = SERVICES[commands[name]]["command"]
        if name == "build":  # it describes nothing, and checks the age of the data
            ours = [*ours[: ours.index(",") + 1], "dbt", "source", "freshness"]
        assert container["args"] == ours, name
        assert container["securityContext"]["readOnlyRootFilesystem"] is True
        assert container["securityContext"]["capabilities"] == {"drop": ["ALL"]}
        assert pod["securityContext"]["runAsNonRoot"] is True
        assert pod["automountServiceAccountToken"] is False
        given = {one["name"]: one["value"] for one in container["env"]}
        assert set(given) == {
            key
            for key in SERVICES[commands[name]]["environment"]
            if key.startswith(("PGU", "PGPA"))
        } | {key for key in given if key.startswith("LOGINS_")}
        [secret] = [volume["secret"] for volume in pod["volumes"] if "secret" in volume]
        # A pod sees the passwords that it needs.
        seen = {item["path"] for item in secret.get("items", [])} or {"administrator"}
        assert seen <= {Path(value).name for value in given.values()}, name


def test_the_follower_is_probed_scaled_and_not_evicted_at_once() -> None:
    kinds = {(m["kind"], m["metadata"]["name"]): m for m in MANIFESTS if "metadata" in m}
    [container] = pods()["follower"]["containers"]
    for probe in ("startupProbe", "readinessProbe", "livenessProbe"):
        assert container[probe]["httpGet"] == {"path": "/healthz", "port": "metrics"}
    labels = {"app": "logins", "part": "follower"}
    budget = kinds["PodDisruptionBudget", "follower"]["spec"]
    assert budget["selector"]["matchLabels"] == labels
    scaled = kinds["ScaledObject", "follower"]["spec"]
    assert scaled["scaleTargetRef"] == {"name": "follower"}
    assert "replicas" not in kinds["Deployment", "follower"]["spec"]  # KEDA's to set
    [trigger] = scaled["triggers"]
    assert trigger["metadata"]["queueURLFromEnv"] in kinds["ConfigMap", "settings"]["data"]
    assert trigger["metadata"]["awsRegion"] == kinds["ConfigMap", "settings"]["data"]["AWS_REGION"]
    assert kinds["CronJob", "build"]["spec"]["concurrencyPolicy"] == "Forbid"
    closed = kinds["NetworkPolicy", "closed"]["spec"]
    assert closed == {"podSelector": {}, "policyTypes": ["Ingress", "Egress"]}


def metrics_of_a_loader() -> set[str]:
    found = set()
    for metric in Metrics().collect():
        ends = {"counter": ["_total"], "summary": ["_sum", "_count"]}.get(metric.type, [""])
        found |= {metric.name + end for end in ends}
    return found


def test_rules_and_dashboard_ask_for_metrics_that_there_are() -> None:
    rules = (MONITORING / "alerts.yaml").read_text("utf-8")
    dashboard = (MONITORING / "dashboard.json").read_text("utf-8")
    tests = (MONITORING / "alerts_test.yaml").read_text("utf-8")
    for text in (rules, dashboard, tests):
        asked = set(re.findall(r"\bloader_\w+", text))
        assert asked
        assert asked <= metrics_of_a_loader()
    for rule in yaml.safe_load(rules)["groups"][0]["rules"]:
        assert f"alertname: {rule['alert']}\n" in tests


def test_queries_of_the_dashboard_run_for_an_analyst(pipeline: Pipeline) -> None:
    pipeline.vault("init")
    pipeline.build()
    board = json.loads((MONITORING / "dashboard.json").read_text("utf-8"))
    queries = [t["rawSql"] for panel in board["panels"] for t in panel["targets"] if "rawSql" in t]
    assert len(queries) == 5
    for query in queries:
        assert len(pipeline.sql(query, role="login_analyst")) == 1


@pytest.mark.skipif(not shutil.which("promtool"), reason="no promtool here (Debian: prometheus)")
def test_the_rules_fire_when_they_should() -> None:
    done = subprocess.run(
        ["promtool", "test", "rules", "alerts_test.yaml"],
        cwd=MONITORING,
        check=False,
        capture_output=True,
        text=True,
    )
    assert done.returncode == 0, done.stdout + done.stderr


@pytest.mark.skipif(not shutil.which("terraform"), reason="no terraform here")
def test_the_module_is_formatted() -> None:
    subprocess.run(["terraform", "fmt", "-check", "-recursive"], cwd=ROOT / "deploy", check=True)
