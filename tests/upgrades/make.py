"""Makes the dumps of one version: `python -m tests.upgrades.make COMMIT`.

The version's own loader, commands and models fill a database of the sandbox with made-up logins.
COMMIT.sql is that database, COMMIT_pending.sql the same after a purge and a rotation that no build
has published.
"""

import io
import json
import re
import subprocess
import sys
import tarfile
import tempfile
from datetime import datetime, timezone
from pathlib import Path
from uuid import uuid4

import psycopg

from sandbox import environment, sandbox
from sandbox.sqs import make_client, send
from tests.logins import login

HERE = Path(__file__).parent
ROOT = HERE.parent.parent

SAME_ADDRESS = ("198.51.100.7", "::ffff:198.51.100.7", " 198.51.100.007 ")
SAME_DEVICE = ("Device-Shared", "device-shared", " DEVICE-SHARED\n")

OLD = [
    login(1, ip=SAME_ADDRESS[0], device_id=SAME_DEVICE[0]),
    login(2),
    login(3, ip=7),  # is rejected
    '{"user_id": "user-0004", "ip": "192.0.2.4',  # is quarantined
]
"""Messages that the purge empties. User 1 also has others."""

READ = [
    login(1, app_version="2.4.0"),
    login(5, ip=SAME_ADDRESS[1], device_id=SAME_DEVICE[1]),
    login(5, device_id=None),
    login(6),
    "[1]",
    '{"user_id": "user-0001", "ip": "192.0.2.1',
    login(7),  # this user is erased
    login(7, ip=[]),
]
"""Messages that the last build has read."""

UNREAD = [
    login(1, ip=SAME_ADDRESS[2], app_version="2.5.0"),
    login(1, locale=1),
    login(6),
    login(8, ip=None, device_id=SAME_DEVICE[2]),
    '{"user_id": "user-0008"',
]
"""Messages that landed after it."""

AGE = "91 days"

TRANSACTIONS = 20_000
"""How far the clock of transactions is ahead of a new cluster's, so that a restore must say so."""

NOISE = re.compile(
    r"^(?:--(?: (?:Name|Data for Name|PostgreSQL|Dumped) ?.*)?|\\(?:un)?restrict .*"
    # PostgreSQL 15 and 16 do not know it.
    r"|SET transaction_timeout .*|)\n",
    re.MULTILINE,
)
"""Lines of a dump that say nothing, or that psql or a server of version 15 does not understand."""


class Version:
    """A checkout of a version, and the servers that it works on."""

    def __init__(self, commit: str, directory: Path, servers: dict[str, str]) -> None:
        packed = subprocess.run(
            ["git", "archive", commit], cwd=ROOT, check=True, capture_output=True
        ).stdout
        with tarfile.open(fileobj=io.BytesIO(packed)) as archive:
            archive.extractall(directory, filter="data")
        self.directory = directory
        self.env = environment(servers) | {
            "DBT_PROJECT_DIR": str(directory),
            "DBT_PROFILES_DIR": str(directory),
        }
        self.commands = "vault" if (directory / "vault").is_dir() else "loader"
        self.client = make_client(servers)
        self.url = self.client.get_queue_url(QueueName=servers["LOGIN_QUEUE"])["QueueUrl"]

    def run(self, *command: str) -> str:
        """Run a command and return its standard output. Raises CalledProcessError."""
        return subprocess.run(
            command,
            cwd=self.directory,
            env=self.env,
            check=True,
            stdout=subprocess.PIPE,
            text=True,
        ).stdout

    def manage(self, *arguments: str) -> str:
        """Run a command of those that manage the database."""
        return self.run("python", "-m", self.commands, *arguments)

    def sql(self, statement: str) -> str:
        """Run a statement as the superuser, and return what it says without headings."""
        return self.run("psql", "-qAtX", "-v", "ON_ERROR_STOP=1", "-c", statement).strip()

    def load(self, bodies: list[str]) -> None:
        """Send messages and land them."""
        send(self.client, self.url, bodies)
        self.run("python", "-m", "loader")

    def land_and_die(self) -> None:
        """Land a message that waits, as a loader does that dies before it deletes it."""
        (message,) = self.client.receive_message(
            QueueUrl=self.url, MessageSystemAttributeNames=["All"]
        )["Messages"]
        milliseconds = int(message["Attributes"]["SentTimestamp"])
        load_id = uuid4()
        columns = [
            [message["MessageId"]],
            [message["Body"]],
            [datetime.fromtimestamp(milliseconds / 1000, timezone.utc)],
            [1],
            [json.dumps(message["Attributes"])],
            [message["MD5OfBody"]],
        ]
        with psycopg.connect(
            host=self.env["PGHOST"],
            port=self.env["PGPORT"],
            user=self.env["PGUSER"],
            password=self.env["PGPASSWORD"],
            dbname=self.env["PGDATABASE"],
        ) as connection:
            connection.execute("set role login_loader")
            connection.execute(
                "select raw.land(%s, %s::text[], %s::text[], %s::timestamptz[], %s::integer[],"
                " %s::text[], %s::text[])",
                [load_id, *columns],
            )
            connection.execute(
                "insert into raw.loads (load_id, received, landed, already_there, quarantined)"
                " values (%s, 1, 1, 0, 0)",
                [load_id],
            )
        self.client.change_message_visibility(
            QueueUrl=self.url, ReceiptHandle=message["ReceiptHandle"], VisibilityTimeout=0
        )

    def dump(self) -> str:
        """Return the database as SQL that PostgreSQL 15 and later understand.

        Without comments: set-up and dbt write them again, and they take a fifth of the space.
        """
        return NOISE.sub(
            "", self.run("pg_dump", "--no-comments", "--inserts", "--rows-per-insert=100")
        )


def fill(version: Version) -> None:
    """Make the database of COMMIT.sql."""
    version.manage("init")
    version.sql(
        f"do $$ begin for i in 1..{TRANSACTIONS} loop perform pg_current_xact_id(); commit;"
        " end loop; end $$"
    )
    send(version.client, version.url, OLD[:1])
    version.land_and_die()
    version.load(OLD[1:])
    for table in ("raw_logins", "quarantined_messages"):
        version.sql(f"update raw.{table} set sent_at = sent_at - interval '{AGE}'")
    version.load(READ)
    version.run("dbt", "build", "--quiet")
    mask = version.sql("select distinct masked_ip from user_logins where user_id = 'user-0006'")
    reason = ("--reason", "support case 4711", "--ticket", "T-1")
    version.manage("recover", "--masked-ip", mask, *reason)
    version.manage("erase", "--user-id", "user-0007")
    version.load(UNREAD)


def leave_pending(version: Version) -> None:
    """Go on to the database of COMMIT_pending.sql."""
    version.manage("purge", "--older-than", "90d")
    version.manage("rotate-key")


def main() -> None:
    """Write both dumps."""
    commit = sys.argv[1]
    with (
        tempfile.TemporaryDirectory() as directory,
        tempfile.NamedTemporaryFile() as nothing,
        sandbox(Path(nothing.name)) as servers,
    ):
        version = Version(commit, Path(directory), servers)
        fill(version)
        (HERE / f"{commit}.sql").write_text(version.dump(), "utf-8")
        leave_pending(version)
        (HERE / f"{commit}_pending.sql").write_text(version.dump(), "utf-8")


if __name__ == "__main__":
    main()
