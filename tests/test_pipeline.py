"""The whole path: messages in, a masked table out, and nothing said on the way."""

import json
import os
import re
from collections import Counter
from pathlib import Path

import pytest

from tests.conftest import Pipeline
from tests.logins import login, logins

REJECTED = {
    "an array": ("[]", "body_not_object"),
    "a number": ("7", "body_not_object"),
    "no user": ('{"ip": "192.0.2.250"}', "user_id_missing"),
    "129 characters": (login(1, user_id="u" * 129), "user_id_too_long"),
    "an object as ip": (login(1, ip={"v4": "192.0.2.251"}), "ip_wrong_type"),
}
QUARANTINED = [
    r'{"user_id": "u", "ip": "192.0.2.252\u0000"}',
    r'{"user_id": "u", "ip": "192.0.2.253\ud800"}',
    '{"user_id": "u", "ip": NaN, "device_id": "192.0.2.254"}',
    '{"user_id": "u", "ip": "192.0.2.2',
    " ",  # SQS itself refuses an empty body
]


def test_a_login_comes_out_masked_and_cast(pipeline: Pipeline) -> None:
    pipeline.send([login(1), login(2, app_version="0.96", locale=None)])
    pipeline.build()
    rows = pipeline.sql(
        "select user_id, device_type, length(masked_ip), length(masked_device_id), locale,"
        " app_version, create_date = (now() at time zone 'utc')::date, sent_at is not null"
        " from user_logins order by user_id"
    )
    assert rows == [
        ("user-0001", "android", 64, 64, "RU", 2003000, True, True),
        ("user-0002", "android", 64, 64, None, 96000, True, True),
    ]
    columns = pipeline.sql(
        "select column_name from information_schema.columns"
        " where table_name = 'user_logins' order by ordinal_position"
    )
    assert [name for (name,) in columns][:7] == [
        "user_id",
        "device_type",
        "masked_ip",
        "masked_device_id",
        "locale",
        "app_version",
        "create_date",
    ]


def test_building_again_adds_nothing_and_new_messages_are_added_once(pipeline: Pipeline) -> None:
    pipeline.send(logins(30))
    pipeline.build()
    first = pipeline.sql("select * from user_logins order by message_id")
    assert len(first) == 30
    pipeline.build()
    assert pipeline.sql("select * from user_logins order by message_id") == first
    pipeline.send(logins(5))
    pipeline.build()
    assert pipeline.value("select count(*) from user_logins") == 35
    # The same from the start: what came in three builds is what one build makes of it.
    pipeline.build("--full-refresh")
    again = pipeline.sql("select * from user_logins order by message_id")
    assert len(again) == 35
    assert set(first) <= set(again)


def test_equal_values_under_new_ids_are_new_logins_with_equal_masks(pipeline: Pipeline) -> None:
    pipeline.send(logins(49) + logins(49))
    pipeline.build()
    for mask in ("masked_ip", "masked_device_id"):
        groups = pipeline.sql(f"select count(*) from user_logins group by {mask}")
        assert groups == [(2,)] * 49
    assert (
        pipeline.value("select count(*) from user_logins where masked_ip = masked_device_id") == 0
    )


def test_poison_is_rejected_or_quarantined_with_its_reason(pipeline: Pipeline) -> None:
    bodies = logins(90)
    for position, body in enumerate([body for body, _ in REJECTED.values()] + QUARANTINED):
        bodies.insert(position * 9, body)
    pipeline.send(bodies)
    summary = pipeline.build()
    assert "received 100, landed 95, already there 0, quarantined 5, deleted 100;" in summary
    assert pipeline.value("select count(*) from user_logins") == 90
    reasons = pipeline.sql("select rejection_reason from rejected_logins")
    assert Counter(reason for (reason,) in reasons) == Counter(
        reason for _, reason in REJECTED.values()
    )
    assert "192.0.2." not in "".join(pipeline.outputs)


def test_neither_the_keys_nor_a_raw_value_is_printed_or_kept_in_a_file(
    pipeline: Pipeline, tmp_path: Path
) -> None:
    pipeline.env |= {
        "DBT_TARGET_PATH": str(tmp_path / "target"),
        "DBT_LOG_PATH": str(tmp_path / "logs"),
    }
    # The project's own unit tests use 192.0.2.0/24, so not those.
    bodies = [login(number, ip=f"198.51.100.{number}") for number in range(60)]
    pipeline.send([*bodies, '{"user_id": "u", "ip": "203.0.113.9', '{"ip": "203.0.113.8"}'])
    pipeline.build()
    pipeline.build("--full-refresh")
    pipeline.dbt("docs", "generate")
    pipeline.dbt("show", "--select", "user_logins")
    # A constraint that new rows break is the worst case: Postgres then quotes the row.
    pipeline.sql("alter table user_logins add constraint broken check (user_id is null) not valid")
    pipeline.send([login(62, ip="203.0.113.7")])
    pipeline.load()
    assert pipeline.dbt("build").code != 0

    secrets = [secret.hex() for (secret,) in pipeline.sql("select secret from vault.masking_key")]
    assert len(secrets) == 3
    forbidden = [*secrets, "198.51.100.", "203.0.113.", "device-00"]
    written = {
        path: path.read_bytes().decode("utf-8", "replace")
        for folder in (tmp_path / "target", tmp_path / "logs")
        for path in folder.rglob("*")
        if path.is_file()
    }
    assert len(written) > 20
    written[Path("output")] = "".join(pipeline.outputs)
    written[Path("server log")] = pipeline.server_log()
    found = [
        (path, text) for path, content in written.items() for text in forbidden if text in content
    ]
    assert found == []


def test_everything_is_described(pipeline: Pipeline) -> None:
    pipeline.vault("init")
    assert pipeline.dbt("parse").code == 0
    manifest = json.loads((Path(pipeline.env["DBT_TARGET_PATH"]) / "manifest.json").read_text())
    ours = [
        node
        for kind in ("nodes", "sources", "macros", "unit_tests")
        for node in manifest[kind].values()
        if node["package_name"] == "login_elt" and node["resource_type"] != "operation"
    ]
    assert len(ours) > 40
    for node in ours:
        name = f"{node['resource_type']} {node['name']}"
        is_generic_test = node.get("test_metadata") is not None
        is_sentence = node["resource_type"] == "unit_test"
        assert node["description"] or is_generic_test or is_sentence, name
        for column in node.get("columns", {}).values():
            assert column["description"], f"{name}.{column['name']}"
        if node["resource_type"] == "macro":
            signature = re.search(r"{%-?\s*(?:macro|test)\s+\w+\((.*?)\)", node["macro_sql"])
            wanted = re.findall(r"\w+", signature[1]) if signature else []
            assert [argument["name"] for argument in node["arguments"]] == wanted, name
            assert all(argument["description"] for argument in node["arguments"]), name


def test_a_missing_key_stops_the_build(pipeline: Pipeline) -> None:
    pipeline.send(logins(2))
    pipeline.load()
    pipeline.sql("delete from vault.masking_key where domain = 'ip'")
    outcome = pipeline.dbt("build")
    assert outcome.code != 0
    assert "a masking key is missing" in outcome.output
    assert pipeline.value("select to_regclass('user_logins') is null")


@pytest.mark.parametrize("field", ["email", "erasure", "IP", ""])
def test_a_mask_of_a_field_that_is_not_listed_is_a_compile_error(
    pipeline: Pipeline, field: str
) -> None:
    pipeline.vault("init")
    said = f"masks '{field}', which is not in the list of personal fields (device_id, ip)"
    assert said in refused_mask(pipeline, field)


def test_a_mask_without_a_key_is_a_compile_error(pipeline: Pipeline) -> None:
    """Without a key the macro would give the plain value."""
    pipeline.vault("init")
    pipeline.sql("delete from vault.masking_key where domain = 'ip'")
    assert "'ip' has no masking key. Run `python -m vault init`" in refused_mask(pipeline, "ip")


def refused_mask(pipeline: Pipeline, field: str) -> str:
    """Ask dbt for a query that masks the field, and return why it refuses."""
    mask = f"mask_pii(\"'192.0.2.1'\", '{field}')"
    shown = pipeline.dbt("compile", "--inline", f"select {{{{ {mask} }}}} as mask")
    assert shown.code != 0
    return " ".join(shown.output.split())


def test_another_schema_has_models_and_windows_of_its_own(pipeline: Pipeline) -> None:
    pipeline.send(logins(3))
    pipeline.build(DBT_SCHEMA="analytics")
    assert pipeline.value("select count(*) from analytics.user_logins") == 3
    pipeline.vault("init")
    assert pipeline.dbt("build").code == 0
    assert pipeline.value("select count(*) from public.user_logins") == 3
    assert pipeline.sql("select count(*) from analytics.user_logins", role="login_analyst") == [
        (3,)
    ]


def test_the_source_is_fresh_after_a_load_and_stale_later(pipeline: Pipeline) -> None:
    pipeline.send(logins(1))
    pipeline.load()
    assert "PASS freshness of raw.raw_logins" in pipeline.dbt("source", "freshness").output
    pipeline.sql("update raw.loads set loaded_at = now() - interval '8 days'")
    stale = pipeline.dbt("source", "freshness")
    assert stale.code != 0
    assert "ERROR STALE freshness of raw.raw_logins" in stale.output


@pytest.mark.skipif(
    "EXTRA_MESSAGES" not in os.environ,
    reason="EXTRA_MESSAGES names no JSON-lines file with 50 messages of the exercise's queue",
)
def test_the_messages_of_the_original_queue(pipeline: Pipeline) -> None:
    bodies = Path(os.environ["EXTRA_MESSAGES"]).read_text("utf-8").splitlines()
    pipeline.send(bodies)
    pipeline.build()
    assert pipeline.sql("select count(*), count(locale) from user_logins") == [(49, 31)]
    assert pipeline.sql("select rejection_reason from rejected_logins") == [("wrong_message_type",)]
    sent = {message["user_id"]: message for message in map(json.loads, bodies) if "ip" in message}
    versions = {
        sent[user]["app_version"]: version
        for user, version in pipeline.sql("select user_id, app_version from user_logins")
    }
    assert (versions["2.3.0"], versions["0.96"], versions["6.02"]) == (2003000, 96000, 6002000)
    assert None not in versions.values()
