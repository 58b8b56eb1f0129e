"""A version of the project that is adapted to other messages, with one more personal field."""

import json
from dataclasses import dataclass
from pathlib import Path
from typing import Any

from tests.conftest import ROOT, Outcome, Pipeline, copy_packages

LOGIN_OF = """
create or replace function raw.login_of(body jsonb) returns jsonb
language sql
immutable
parallel safe
return jsonb_build_object(
    'user_id', body ->> 'userId',
    'ip', body ->> 'ipAddress',
    'email', body ->> 'email',
    'device_id', body #>> '{device,id}'
);
reset role;
"""


@dataclass
class Adapted:
    """The database, and the directory with the packages whose SQL says what a login is."""

    pipeline: Pipeline
    directory: Path

    def vault(self, *arguments: str, **env: str) -> Outcome:
        """Run a command of the adapted version."""
        return self.pipeline.at(self.directory).vault(*arguments, **env)

    def list_fields(self, *fields: str) -> None:
        """Write the list of personal fields of this version."""
        file = self.directory / "vault/schema/personal_fields.sql"
        before, after = (
            (ROOT / "vault/schema/personal_fields.sql").read_text("utf-8").split("values\n")
        )
        rest = after[after.index("\n\n),") :]
        values = ",\n".join(f"('{field}')" for field in fields)
        file.write_text(f"{before}values\n{values}{rest}", "utf-8")

    @staticmethod
    def body(number: int, **changes: Any) -> str:
        """Return a message of the shape that this version reads."""
        fields = {
            "userId": f"user-{number:04}",
            "email": f"User{number}@Example.org",
            "ipAddress": f"192.0.2.{1 + number}",
            "device": {"id": f"device-{number:04}", "os": "ios"},
        }
        return json.dumps(fields | changes)


def make_adapted(pipeline: Pipeline, directory: Path) -> Adapted:
    """Copy the packages, adapt them, and set the database up with them."""
    copy_packages(directory)
    made = Adapted(pipeline, directory)
    made.list_fields("ip", "device_id", "email")
    login_of = directory / "vault/schema/login_of.sql"
    text = login_of.read_text("utf-8")
    start = text.index("create or replace function raw.login_of")
    login_of.write_text(text[:start] + LOGIN_OF, "utf-8")
    done = made.vault("init")
    assert done.code == 0, done.output
    return made
