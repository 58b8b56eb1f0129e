"""What tests of the record ask it."""

from tests.conftest import Pipeline
from vault import record

REASON = "support case 4711"
ASKED = ("recover", "--message-id", "m", "--reason", REASON)


def head(pipeline: Pipeline) -> str:
    return str(pipeline.value("select hash from login_audit.head()"))


def kinds(pipeline: Pipeline) -> list[str]:
    return [k for (k,) in pipeline.sql("select kind from login_audit.entry order by number")]


def faults(pipeline: Pipeline, noted: str | None = None) -> list[str]:
    """Return what the command would print, without the second that it takes to start."""
    with pipeline.connect() as connection:
        return record.verify(connection, noted)


def verified(pipeline: Pipeline, *options: str) -> list[str]:
    """Return what the command prints."""
    done = pipeline.vault("audit", "--verify", *options)
    found = done.stdout.splitlines()
    assert done.code == (3 if found else 0), done.output
    assert "Traceback" not in done.stderr
    return found
