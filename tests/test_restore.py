"""Backup and restore into another cluster, by the commands of docs/operations.md."""

import os
import re
from dataclasses import replace
from pathlib import Path

from sandbox import sandbox
from tests.conftest import ROOT, Pipeline
from tests.logins import login, logins

STEPS = re.search(
    r"^## Restore.*?```sh\n(.*?)```",
    (ROOT / "docs/operations.md").read_text("utf-8"),
    re.DOTALL | re.MULTILINE,
)


# All but the ids of transactions, of which every cluster has its own.
LOGINS = "select (to_jsonb(l) - 'landed_xid')::text from user_logins as l"


def test_a_restored_cluster_goes_on_where_the_dump_was_made(
    pipeline: Pipeline, tmp_path: Path
) -> None:
    # The clock of transactions is far ahead of a new cluster's.
    pipeline.sql(
        "do $$ begin for i in 1..5000 loop perform pg_current_xact_id(); commit; end loop; end $$"
    )
    pipeline.send([*logins(30), "[]", "{", login(40), login(41)])
    pipeline.build()
    assert pipeline.vault("erase", "--user-id", "user-0041").code == 0
    pipeline.sql(
        "update raw.raw_logins set sent_at = now() - interval '9 d' where body ? 'user_id'"
        " and body ->> 'user_id' < 'user-0005'"
    )
    assert "purged 5 messages" in pipeline.vault("purge", "--older-than", "8d").stderr
    pipeline.send(logins(4))
    pipeline.load()  # landed, and read by no model
    before = set(pipeline.sql(LOGINS))
    assert STEPS is not None
    dump, *steps = STEPS[1].replace("\\\n", "").splitlines()
    dump_file = str(tmp_path / "logins.dump")
    dumped = pipeline.run("sh", "-ec", dump.replace("logins.dump", dump_file))
    assert dumped.code == 0, dumped.output
    pipeline.send([login(50), login(51)])  # arrives in between

    with sandbox(Path(os.devnull)) as cluster:
        settings = {name: cluster[name] for name in ("PGHOST", "PGPORT", "PGUSER", "PGPASSWORD")}
        elsewhere = replace(pipeline, env=pipeline.env | settings | {"PGDATABASE": "restored"})
        for step in steps:
            done = elsewhere.run("sh", "-ec", step.replace("logins.dump", dump_file))
            assert done.code == 0, f"{step}: {done.output}"
        after = set(elsewhere.sql(LOGINS))
        assert before < after
        assert len(after) == 31 + 4 + 2
        assert elsewhere.dbt("build", "--selector", "nightly").code == 0
        ((landed, *parts),) = elsewhere.sql(
            "select landed, logins, rejected, erased from pipeline_health"
        )
        assert landed == sum(parts) == 39
        # An old address still has its old mask.
        elsewhere.send([login(20)])
        elsewhere.build()
        assert (
            elsewhere.value(
                "select count(distinct masked_ip) from user_logins where user_id = 'user-0020'"
            )
            == 1
        )
        assert elsewhere.vault("doctor").stdout.count("FAIL  roles") == 0
