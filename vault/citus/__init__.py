"""What differs on a Citus cluster, and is used there alone: docs/citus.md says why."""

import re
from importlib.resources import files

from vault.init import SetUp

STATEMENT = re.compile(rb"(?:\$\$.*?\$\$|.)+?;$", re.DOTALL | re.MULTILINE)
"""One statement of a file, to the semicolon at the end of a line."""


def apply(set_up: SetUp) -> None:
    """Apply everything, with roles and schemas in a transaction of their own.

    The nodes make what belongs to roles and schemas over other connections, which see them only
    when they are committed.
    """

    def run(script: bytes) -> None:
        # Citus sends on what it is given, and so must be given one statement at a time.
        for statement in STATEMENT.findall(script):
            set_up.connection.execute(statement)

    def begin() -> None:
        # Later statements go to the nodes over the connection of one that concerned many shards.
        set_up.connection.execute("set local citus.multi_shard_modify_mode = 'sequential'")

    with set_up.transaction():
        begin()
        set_up.containers(run)
        run(_file("roles"))
    with set_up.transaction():
        begin()
        with set_up.on_record():
            set_up.migrations(run)
            # The record is the coordinator's alone, and login_auditor logs in nowhere.
            set_up.connection.execute("set local citus.enable_ddl_propagation = off")
            set_up.record(run)
            set_up.connection.execute("set local citus.enable_ddl_propagation = on")
            set_up.contents(run)
            for name in ("land", "windows", "triggers", "distribution"):
                run(_file(name))
            set_up.keys()


def _file(name: str) -> bytes:
    return files("vault.citus").joinpath(f"{name}.sql").read_bytes()
