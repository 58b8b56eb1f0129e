"""docs/adapting.md, done as it says: the project serves messages of another shape.

The changes are the diffs of the guide. The whole path runs with them, and again with parts of them
forgotten or wrong: then no plain value is published, and a check names what is missing.
"""

import json
import re
import shutil
import subprocess
from dataclasses import dataclass
from pathlib import Path
from typing import Any

import pytest

from tests.conftest import ROOT, Outcome, Pipeline

GUIDE = ROOT / "docs/adapting.md"
CONFIGURATION = ("dbt_project.yml", "profiles.yml", "selectors.yml")
PARTS = ("common", "dbt_project", "loader", "vault", *CONFIGURATION)
MESSAGES = 50
PERSONAL = re.compile(r"ann\d*@example|203\.0\.113\.|phone-\d", re.IGNORECASE)


def body(number: int, **changes: Any) -> str:
    """Return the message of the guide, with a person, address, e-mail and device of its own."""
    fields = {
        "userId": f"u{number}",
        "email": f"Ann{number}@Example.org",
        "ipAddress": f"203.0.113.{1 + number}",
        "device": {"id": f"phone-{number}", "os": "ios"},
        "appVersion": "4.2.1",
        "lang": "de",
        "loggedInAt": "2026-11-20T10:11:12Z",
    }
    return json.dumps(fields | changes)


def diffs() -> dict[str, str]:
    """Return the diffs of the guide by the file that each changes."""
    found = re.findall(r"^```diff\n(.*?)^```$", GUIDE.read_text("utf-8"), re.MULTILINE | re.DOTALL)
    return {diff.split("\n", 1)[0].removeprefix("--- a/"): diff for diff in found}


@dataclass
class Adapted:
    """A copy of the project, and the database and queue that it works on."""

    pipeline: Pipeline
    directory: Path

    def change(self, file: str, old: str, new: str) -> None:
        path = self.directory / file
        text = path.read_text("utf-8")
        assert old in text, f"{file} has no {old!r}"
        path.write_text(text.replace(old, new), "utf-8")

    def run(self, *command: str, stdin: str | None = None) -> Outcome:
        return self.pipeline.at(self.directory).run(*command, stdin=stdin, **self.places())

    def vault(self, *arguments: str, stdin: str | None = None) -> Outcome:
        return self.run("python", "-m", "vault", *arguments, stdin=stdin)

    def load(self) -> Outcome:
        return self.run("python", "-m", "loader")

    def dbt(self, *arguments: str) -> Outcome:
        return self.pipeline.dbt(*arguments, **self.places())

    def places(self) -> dict[str, str]:
        here = str(self.directory)
        return {
            "DBT_PROJECT_DIR": here,
            "DBT_PROFILES_DIR": here,
            "DBT_TARGET_PATH": f"{here}/target",
            "DBT_LOG_PATH": f"{here}/logs",
        }

    def build(self, *arguments: str) -> None:
        for outcome in (self.load(), self.dbt("build", *arguments)):
            assert outcome.code == 0, outcome.output

    def written(self) -> str:
        """Return all that dbt has written into files."""
        places = [*(self.directory / "target").rglob("*"), *(self.directory / "logs").rglob("*")]
        return "".join(p.read_text("utf-8", "replace") for p in places if p.is_file())


@pytest.fixture
def adapted(pipeline: Pipeline, tmp_path: Path) -> Adapted:
    for part in PARTS:
        source = ROOT / part
        (shutil.copytree if source.is_dir() else shutil.copy)(source, tmp_path / part)
    for file, diff in diffs().items():
        done = subprocess.run(
            ["git", "apply", "--whitespace=nowarn"],
            input=diff,
            cwd=tmp_path,
            env=pipeline.env | {"GIT_CEILING_DIRECTORIES": str(tmp_path.parent)},
            check=False,
            capture_output=True,
            text=True,
        )
        assert done.returncode == 0, f"{file}: {done.stderr}"
    return Adapted(pipeline, tmp_path)


@pytest.fixture
def built(adapted: Adapted) -> Adapted:
    """The adapted project after its first build."""
    initialised = adapted.vault("init")
    assert initialised.code == 0, initialised.output
    adapted.pipeline.send([body(number) for number in range(MESSAGES)])
    adapted.build()
    return adapted


def test_the_guide_changes_five_files() -> None:
    assert len(diffs()) == 5
    assert all((ROOT / file).exists() for file in diffs())


def test_the_whole_path_serves_messages_of_another_shape(built: Adapted) -> None:
    pipeline = built.pipeline
    masks = "masked_ip, masked_device_id, masked_email"
    [row] = pipeline.sql(
        "select count(*), count(distinct masked_ip), count(distinct masked_device_id),"
        " count(distinct masked_email), min(create_date)::text, min(app_version), min(device_type)"
        " from user_logins where masked_email ~ '^[0-9a-f]{64}$'"
    )
    assert row == (MESSAGES, MESSAGES, MESSAGES, MESSAGES, "2026-11-20", 4002001, "ios")

    # What is meant to be no login, what cannot be opened, and what is wrapped.
    notification = {"Type": "Notification", "Message": body(1, userId="wrapped")}
    pipeline.send(
        [
            json.dumps({"event": "logout", "userId": "u1"}),
            body(2, loggedInAt="2026-02-31T10:00:00Z"),
            body(2, userId="evening", loggedInAt="yesterday evening", email="unknown"),
            body(2, userId="infinite", loggedInAt="infinity", email="n/a"),
            json.dumps(notification),
        ]
    )
    built.build()
    assert pipeline.sql("select rejection_reason from rejected_logins") == [("no_login",)]
    assert pipeline.value("select sqlstate from raw.quarantined_messages") == "22008"
    assert pipeline.value("select count(*) from user_logins where user_id = 'wrapped'") == 1
    # A text in the place of a time does not count, and a word for nothing has no mask.
    assert pipeline.value("select count(*) from user_logins where create_date > '2026-11-20'") == 2
    assert pipeline.value("select count(*) from user_logins where masked_email is null") == 2

    # Recovery, of one field and of a message.
    asked = f"select {masks}, message_id from user_logins where user_id = 'u7'"
    [(*_, email, message_id)] = pipeline.sql(asked)
    reason = ("--reason", "a test of the guide")
    found = built.vault("recover", "--field", "email", "--mask", email, *reason)
    assert found.stdout.splitlines()[1].split("\t")[2] == "Ann7@Example.org"
    found = built.vault("recover", "--message-id", message_id, *reason)
    assert {"203.0.113.8", "phone-7", "Ann7@Example.org"} <= set(found.stdout.split())

    # Rotation, also when the raw values of old messages are gone.
    for before in (None, "purge"):
        if before:
            pipeline.sql("update raw.raw_logins set sent_at = sent_at - interval '2 days'")
            assert built.vault("purge", "--older-than", "1d").code == 0
        old = pipeline.sql(f"select {masks} from user_logins order by message_id")
        assert built.vault("rotate-key").code == 0
        built.build()
        new = pipeline.sql(f"select {masks} from user_logins order by message_id")
        assert len(new) == len(old) == MESSAGES + 3
        assert not {m for row in old for m in row} & {m for row in new for m in row} - {None}
    pipeline.send([body(number) for number in range(5)])
    built.build()
    assert (
        pipeline.value(
            "select count(*) from user_logins as a inner join user_logins as b"
            " on a.masked_email = b.masked_email and a.message_id < b.message_id"
        )
        >= 5
    )

    # Access and erasure.
    seen = built.vault("access", "--user-id", "u3", *reason)
    assert seen.code == 0, seen.output
    assert "Ann3@Example.org" in seen.stdout
    assert built.vault("erase", "--user-id", "u3").code == 0
    built.build()
    assert pipeline.value("select count(*) from user_logins where user_id = 'u3'") == 0

    nightly = ("--selector", "nightly", "--exclude-resource-type", "unit_test")
    checked = built.dbt("build", *nightly)
    assert checked.code == 0, checked.output
    checked = built.dbt("test", "--select", "user_logins,test_type:unit")
    assert checked.code == 0, checked.output

    doctor = built.vault("doctor")
    assert [line for line in doctor.stdout.splitlines() if "key" in line and "FAIL" in line] == []
    assert "keys: email" in doctor.stdout
    documented = built.dbt("docs", "generate", "--static")
    assert documented.code == 0, documented.output
    assert "masked_email" in built.written()
    assert not PERSONAL.search(built.written())


LOGIN_OF = "vault/schema/login_of.sql"
FIELDS = "vault/schema/personal_fields.sql"
STAGING = "dbt_project/models/staging/stg_logins.sql"
MODEL = "dbt_project/models/marts/user_logins.sql"
CONTRACT = "dbt_project/models/marts/user_logins.yml"

MASK = "        masked_email,\n"
COLUMN = """      - name: masked_email
        description: Pseudonym of the e-mail address, in lower case.
        data_type: varchar(256)
"""
CANONICAL = "    'email': {'length': 256, 'canonical': 'canonical_text'},\n"

UNLISTED = "mask_pii() masks 'email', which is not in the list of personal fields"
UNFORMED = "user_logins has a mask of 'email', and the list in stg_logins.sql has no canonical form"

# What is changed in which file, and what the build then says.
FORGOTTEN: dict[str, tuple[str, str, str, str]] = {
    "list": (FIELDS, "('device_id'),\n    ('email')", "('device_id')", UNLISTED),
    "name in the list": (FIELDS, "('email')", "('e_mail')", UNLISTED),
    "field in staging": (STAGING, CANONICAL, "", UNFORMED),
    "canonical form": (STAGING, CANONICAL, "    'email': {},\n", UNFORMED),
    "macro": (STAGING, "'canonical_text'", "'canonical_txt'", "there is no macro canonical_txt"),
    "mask": (MODEL, MASK, "        null as masked_email,\n", "50 rows of user_logins have no mask"),
    "hash": (MODEL, MASK, "        user_id as masked_email,\n", "have a mask that is none"),
    "column": (MODEL, MASK, "", "missing in definition"),
    "contract": (CONTRACT, COLUMN, "", "missing in contract"),
    "name of the mask": (CONTRACT, "name: masked_email", "name: email", "Publish masked_email"),
}


def build_without(adapted: Adapted, file: str, old: str, new: str) -> str:
    """Change the project, load, build, and return what dbt said."""
    adapted.change(file, old, new)
    adapted.pipeline.send([body(number) for number in range(MESSAGES)])
    for outcome in (adapted.vault("init"), adapted.load()):
        assert outcome.code == 0, outcome.output
    return adapted.dbt("build").output


def assert_nothing_in_plain(adapted: Adapted) -> None:
    """No personal value is in a table of analysts, in what was printed, or in a file of dbt."""
    for (table,) in adapted.pipeline.sql(
        "select format('%I', relname) from pg_class"
        " where relkind in ('r', 'm', 'v') and relnamespace = 'public'::regnamespace"
    ):
        rows = adapted.pipeline.sql(f"select t::text from public.{table} as t")
        assert not PERSONAL.search(str(rows)), table
    assert not PERSONAL.search("".join(adapted.pipeline.outputs))
    assert not PERSONAL.search(adapted.written())


@pytest.mark.parametrize("forgotten", FORGOTTEN)
def test_a_forgotten_part_stops_the_build_and_is_named(adapted: Adapted, forgotten: str) -> None:
    file, old, new, said = FORGOTTEN[forgotten]
    output = build_without(adapted, file, old, new)
    assert said in output
    assert adapted.pipeline.value("select to_regclass('public.user_logins')") is None
    assert_nothing_in_plain(adapted)


def test_a_forgotten_column_of_purged_rows_stops_the_build(built: Adapted) -> None:
    """It is read for the first time when a table is made again after a purge."""
    built.pipeline.sql("update raw.raw_logins set sent_at = sent_at - interval '2 days'")
    assert built.vault("purge", "--older-than", "1d").code == 0
    built.change(MODEL, "        {{ rekey('published', 'email') }} as masked_email,\n", "")
    before = built.pipeline.sql("select * from user_logins order by message_id")
    refused = built.dbt("build", "--full-refresh")
    assert refused.code == 1
    assert "each UNION query must have the same number of columns" in refused.output
    assert built.pipeline.sql("select * from user_logins order by message_id") == before
    assert_nothing_in_plain(built)


def test_a_wrong_path_of_a_field_is_a_warning_with_the_key_that_nothing_reads(
    adapted: Adapted,
) -> None:
    output = build_without(adapted, LOGIN_OF, "message -> 'email'", "message -> 'mail'")
    assert re.search("Keys of new messages that nothing reads: .*email", output)
    assert adapted.pipeline.value("select count(masked_email) from user_logins") == 0
    assert_nothing_in_plain(adapted)


def test_a_wrong_path_of_the_person_is_a_warning_and_a_rejection(adapted: Adapted) -> None:
    path = "'user_id', message -> 'userId'"
    output = build_without(adapted, LOGIN_OF, path, path.replace("userId", "user"))
    assert re.search("WARN .* new_messages_that_are_rejected", output)
    assert adapted.pipeline.sql("select distinct rejection_reason from rejected_logins") == [
        ("user_id_missing",)
    ]
    assert_nothing_in_plain(adapted)
