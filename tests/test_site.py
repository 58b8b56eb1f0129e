"""The site holds what the models hold, in bounds, and no personal value, key or message of dbt."""

import html
import json
import re
from base64 import b64encode
from collections.abc import Iterator
from pathlib import Path
from typing import Any

import pytest

from report.figures import QUERIES
from report.page import render
from report.test_results import read_test_results
from tests.conftest import Pipeline
from tests.logins import login
from tests.site import data_of, site_of, text_of

HOSTILE = "</script><img src=x onerror=a(1)"  # as long as a device type may be
BODIES = [
    *(
        login(n, user_id=f"person-{n % 7}", device_id=f"gadget-{n % 5}", ip=f"198.51.100.{100 + n}")
        for n in range(20)
    ),
    login(20, user_id="person-20", ip="2001:db8::77", device_type=HOSTILE, locale="\u202ekcab <b>"),
    login(21, user_id="person-21", ip="not-an-address", device_type=None, app_version="nonsense"),
    '{"foo": "oops"}',
]


@pytest.fixture(scope="module")
def made(
    servers: dict[str, str], artifacts: Path, tmp_path_factory: pytest.TempPathFactory
) -> Iterator[tuple[Pipeline, Path]]:
    with site_of(servers, artifacts, tmp_path_factory.mktemp("site"), BODIES) as site:
        yield site


def test_neither_a_personal_value_nor_a_key_is_on_the_site(
    made: tuple[Pipeline, Path],
) -> None:
    pipeline, site = made
    raw = [json.loads(body) for body in BODIES]
    forbidden = {body[key] for body in raw for key in ("ip", "device_id", "user_id") if key in body}
    assert len(forbidden) > 30
    for (secret,) in pipeline.sql("select secret from vault.masking_key"):
        forbidden |= {secret.hex(), b64encode(secret).decode(), secret.decode("latin-1")}
    for page in site.iterdir():
        content = page.read_text("utf-8")
        assert [value for value in forbidden if value in content] == []


def test_the_report_says_what_the_models_say(made: tuple[Pipeline, Path]) -> None:
    pipeline, site = made
    page = (site / "report.html").read_text("utf-8")
    said, data = text_of(page), data_of(page)
    assert "Logins 22 Users 9" in said
    assert "Messages landed 23 Of these, logins 22 Rejected 1 Erased 0" in said
    assert "wrong_message_type 1" in said
    warned = ("addresses_that_are_none", "versions_that_cannot_be_read")
    assert f"Worth a look dbt tests that warned: {', '.join(warned)}." in said
    assert "2 warn 0 fail" in said
    assert "warn versions_that_cannot_be_read" in said
    assert data["days"][-1]["logins"] == 22
    assert data["days"][-1]["users"] == 9
    # A first day in its surroundings, which have no numbers: they are not days without logins.
    assert [row["logins"] for row in data["days"][:-1]] == 13 * [None]
    assert [(row["label"], row["logins"]) for row in data["device_types"]] == [
        ("android", 20),
        (HOSTILE, 1),
        ("(none)", 1),
    ]
    assert [(row["version"], row["users"]) for row in data["versions"]] == [("2.3.0", 8)]
    [shared] = pipeline.sql(
        "select masked_value from shared_identifiers where kind = 'device_id'"
        " order by users desc, logins desc, masked_value limit 1"
    )
    assert f'title="{shared[0]}">{shared[0]}<' in page
    assert "5 are shared by several users, the first one by 4 users" in said


def test_what_a_message_says_is_text_on_the_page(made: tuple[Pipeline, Path]) -> None:
    page = (made[1] / "report.html").read_text("utf-8")
    assert html.escape(HOSTILE) in page
    assert "<img" not in page.split("<script>")[0]
    assert page.count("</script>") == 2  # the data's and the script's
    assert "<bdi>\u202ekcab &lt;b&gt;</bdi>" in page
    policy = re.search(r'Content-Security-Policy" content="([^"]+)"', page)
    assert policy
    assert html.unescape(policy[1]).startswith("default-src 'none'; script-src 'sha256-")
    assert "unsafe" not in policy[1]


def test_pages_link_to_each_other(made: tuple[Pipeline, Path]) -> None:
    assert 'href="index.html"' in (made[1] / "report.html").read_text("utf-8")
    assert "](report.html)" in (made[1] / "index.html").read_text("utf-8")


def test_results_of_tests_come_without_what_they_say(tmp_path: Path) -> None:
    results = [
        ("test.p.a_test.0123456789", "fail", "192.0.2.77"),
        ("test.p.another.0123456789", "pass", None),
        ("unit_test.p.a_model.a_unit_test", "error", "duplicate key (person-7)"),
        ("model.p.a_model", "error", "invalid input: gadget-7"),
    ]
    (tmp_path / "run_results.json").write_text(
        json.dumps(
            {
                "metadata": {"generated_at": "2026-03-01T10:20:30.000000Z"},
                "args": {"which": "build"},
                "results": [
                    {"unique_id": name, "status": status, "message": message}
                    for name, status, message in results
                ],
            }
        )
    )
    found = read_test_results(tmp_path)
    assert found
    assert found.counts == {"pass": 1, "warn": 0, "fail": 1, "error": 1, "skipped": 0}
    assert found.conspicuous == [("error", "a_unit_test"), ("fail", "a_test")]
    assert found.ended_at == "2026-03-01 10:20"
    assert "192.0.2.77" not in repr(found)
    assert "person-7" not in repr(found)


def test_results_of_another_command_are_not_taken_for_a_build_s(tmp_path: Path) -> None:
    assert read_test_results(tmp_path) is None
    (tmp_path / "run_results.json").write_text('{"args": {"which": "generate"}}')
    assert read_test_results(tmp_path) is None


def test_without_the_rights_of_an_analyst_it_says_what_to_do(
    made: tuple[Pipeline, Path], tmp_path: Path
) -> None:
    pipeline, _ = made
    pipeline.sql("create role of_dbt login password 'x' in role login_transformer")
    try:
        refused = pipeline.run(
            "python", "-m", "report", "--output", str(tmp_path), PGUSER="of_dbt", PGPASSWORD="x"
        )
    finally:
        pipeline.sql("drop role of_dbt")
    assert refused.code == 3
    assert refused.stderr.count("\n") == 1
    assert "grant login_analyst to the user in PGUSER" in refused.stderr
    assert not (tmp_path / "report.html").exists()


def test_what_does_not_add_up_or_failed_is_said_first(made: tuple[Pipeline, Path]) -> None:
    page = (made[1] / "report.html").read_text("utf-8")
    assert "Something is wrong" not in text_of(page)
    health = {
        **dict.fromkeys(("logins", "rejected", "erased", "unreadable_versions", "equal_bodies"), 1),
        **dict.fromkeys(("last_loaded_at", "newest_sent_at", "checked_at"), "2026-03-01 10:00"),
        "landed": 4,
        "quarantined": 2,
        "lag_seconds": 7300,
        "users_with_many_identifiers": 0,
    }
    nothing: dict[str, list[dict[str, Any]]] = {name: [] for name in QUERIES}
    totals = {"users": 1, "logins": 1, "first_day": None, "newest_day": None}
    said = text_of(render({**nothing, "health": [health], "totals": [totals]}, None))
    assert (
        "Something is wrong Logins, rejected and erased messages are not as many as have landed. "
        "Messages that wait in quarantine: 2. Messages have waited for 2 h for a build."
    ) in said
    assert "Not known here: the build ran elsewhere" in said
