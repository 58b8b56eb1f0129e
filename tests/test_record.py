"""What is done to the data is on record, in one chain of entries."""

import json
import re

import psycopg
import pytest

from tests.conftest import Pipeline, one_line
from tests.logins import login, logins
from tests.record import ASKED, REASON, faults, head, kinds


def test_every_kind_of_change_is_on_record_and_no_value(pipeline: Pipeline) -> None:
    assert pipeline.vault("init").code == 0
    assert kinds(pipeline) == ["setting"] * 2 + ["key_added"] * 3 + ["set_up"]
    assert pipeline.vault("init").code == 0
    assert len(kinds(pipeline)) == 6
    pipeline.send([*logins(4), "{"])
    pipeline.build()
    known = len(kinds(pipeline))

    def added() -> list[str]:
        nonlocal known
        new, known = kinds(pipeline)[known:], len(kinds(pipeline))
        return new

    assert added() == []
    for command, entries in (
        (("recover", "--message-id", "m", "--reason", REASON), ["request", "disclosure"]),
        (("access", "--user-id", "user-0001", "--reason", REASON), ["request", "disclosure"]),
        (("erase", "--user-id", "user-0001"), ["erasure"]),
        (("erase", "--replay"), ["replay"]),
        (("rotate-key",), ["key_added"] * 2),
        (("destroy-key", "--field=ip", "--version=2", "--confirm=ip:2"), []),
        (
            ("destroy-key", "--field=ip", "--version=2", "--confirm=ip:2", "--even-in-use"),
            ["key_destroyed"],
        ),
        (("restamp",), ["restamp"]),
        (("requeue",), []),
    ):
        pipeline.vault(*command)
        assert added() == entries, command
    pipeline.sql("update raw.quarantined_messages set body = '{}'")
    assert pipeline.vault("requeue").code == 0
    assert added() == ["requeue"]
    pipeline.build()
    assert pipeline.vault("purge", "--older-than", "0h").code == 0
    assert added() == ["purge"]
    pipeline.sql("update vault.settings set value = '10' where name = 'recoveries_per_hour'")
    pipeline.sql("update vault.settings set value = '11' where name = 'recoveries_per_hour'")
    pipeline.sql("delete from vault.settings where name = 'recoveries_per_hour'")
    assert added() == ["setting"] * 3
    pipeline.sql("drop function vault.words(text)")
    assert pipeline.vault("init").code == 0
    assert added() == ["setting", "set_up"]
    last = "select detail from login_audit.entry order by number desc limit 1"
    assert pipeline.value(last)["changed"] == ["vault.words(text)"]

    listed = pipeline.vault("audit", "--all")
    assert listed.code == 0
    heading, *lines = (line.split("\t") for line in listed.stdout.splitlines())
    assert heading == ["number", "made_at", "made_by", "made_from", "kind", "detail", "hash"]
    assert [line[4] for line in lines] == kinds(pipeline)
    assert all(json.loads(line[5]) is not None and line[2] == "postgres" for line in lines)
    secrets = [key.hex() for (key,) in pipeline.sql("select secret from vault.masking_key")]
    for secret in (*secrets, "user-0001", "192.0.2.", "device-0"):
        assert secret not in listed.stdout
    assert faults(pipeline) == []


def test_what_fails_leaves_no_entry_and_no_gap(pipeline: Pipeline) -> None:
    assert pipeline.vault("init").code == 0
    before = kinds(pipeline)
    with pipeline.connect() as connection:
        connection.execute("begin")
        connection.execute("select login_audit.add('restamp', '{}')")
        connection.execute("rollback")
    assert pipeline.vault("destroy-key", "--field=ip", "--version=9", "--confirm=ip:9").code == 2
    assert pipeline.vault(*ASKED[:-1], "because").code == 3
    assert kinds(pipeline) == before
    assert pipeline.vault(*ASKED).code == 0
    assert faults(pipeline) == []


def test_the_head_is_in_every_answer_and_in_the_server_log(pipeline: Pipeline) -> None:
    assert pipeline.vault("init").code == 0
    found = pipeline.vault(*ASKED)
    assert f"on record: entry 8, head {head(pipeline)}" in found.stderr
    for option in ((), ("--erasures",), ("--all",), ("--verify",)):
        assert f"entry 8, head {head(pipeline)}" in pipeline.vault("audit", *option).stderr
    logged = re.findall("login record: entry ([0-9]+), head ([0-9a-f]{64})", pipeline.server_log())
    entries = pipeline.sql("select number::text, hash from login_audit.entry order by number")
    assert logged == entries
    # What was noted at any time is still there.
    assert faults(pipeline, logged[2][1]) == []
    for noted, said in (("0" * 63, "is no head"), ("' or true", "is no head")):
        refused = pipeline.vault("audit", "--verify", "--head", noted)
        assert (refused.code, said in one_line(refused)) == (2, True)
    refused = pipeline.vault("audit", "--head", "0" * 64)
    assert (refused.code, one_line(refused)) == (2, "--head goes with --verify")


SWALLOWING = (
    (
        "create rule r as on insert to login_audit.entry do instead nothing",
        "drop rule r on login_audit.entry",
    ),
    (
        "create function public.swallow() returns trigger language plpgsql"
        " as 'begin return null; end';"
        " create trigger a before insert on login_audit.entry"
        " for each row execute function public.swallow()",
        "drop function public.swallow() cascade",
    ),
    (
        "create or replace function vault.record_disclosure(request bigint, disclosed integer)"
        " returns void language sql as ''",
        "",
    ),
    (
        "create or replace function login_audit.add(kind text, detail jsonb) returns bigint"
        " language sql as 'select 1::bigint'",
        "",
    ),
)


def test_what_is_not_on_record_is_not_shown(pipeline: Pipeline) -> None:
    pipeline.send([login(1, ip="192.0.2.77")])
    pipeline.load()
    message = pipeline.value("select message_id from raw.raw_logins")
    recover = ("recover", "--message-id", message, "--reason", REASON)
    access = ("access", "--user-id", "user-0001", "--reason", REASON)
    for command in (recover, access):
        assert "192.0.2.77" in pipeline.vault(*command).stdout
    for harm, undone in SWALLOWING:
        pipeline.sql(harm)
        for command in (recover, access):
            found = pipeline.vault(*command)
            assert (found.code, found.stdout) == (3, ""), found.output
            assert "192.0.2.77" not in found.stderr
            assert re.search("record|there is no such request", one_line(found))
        pipeline.sql(undone)


def test_many_at_once_make_one_chain(pipeline: Pipeline) -> None:
    assert pipeline.vault("init").code == 0
    before = len(kinds(pipeline))
    code = (
        "import psycopg, threading\n"
        "def run():\n"
        "    with psycopg.connect('', autocommit=True) as c:\n"
        "        for _ in range(50):\n"
        "            c.execute(\"select login_audit.add('restamp', '{}')\")\n"
        "threads = [threading.Thread(target=run) for _ in range(8)]\n"
        "[t.start() for t in threads]; [t.join() for t in threads]\n"
    )
    done = pipeline.run("python", "-c", code)
    assert done.code == 0, done.output
    assert len(kinds(pipeline)) == before + 400
    assert faults(pipeline) == []


# What init puts right by applying its files again, and what it leaves to a superuser.


def test_an_owner_of_the_database_sets_it_up_and_keeps_no_membership(pipeline: Pipeline) -> None:
    """As on managed Postgres, where nobody is a superuser."""
    roles = [
        f"login_{part}"
        for part in ("owner", "loader", "transformer", "analyst", "recovery", "auditor")
    ]
    options = ", ".join(roles)
    version = pipeline.value("select current_setting('server_version_num')::int / 10000")
    # The roles are those of the whole server: another database may have made them as a superuser.
    pipeline.vault("init")
    pipeline.sql("drop schema raw, vault, login_audit cascade")
    pipeline.sql("create role admin login createrole password 'x'")
    if version >= 16:
        pipeline.sql(f"grant {options} to admin with admin option, set false, inherit false")
    try:
        pipeline.sql("alter database logins owner to admin")
        pipeline.sql("alter schema public owner to admin")
        admin = {"PGUSER": "admin", "PGPASSWORD": "x"}
        for _ in range(2):
            done = pipeline.vault("init", **admin)
            assert done.code == 0, done.output
        assert not pipeline.value(
            "select bool_or(m.member = 'admin'::regrole"
            " and coalesce(to_jsonb(m) ->> 'set_option', 'true') = 'true')"
            " from pg_auth_members as m where m.roleid = 'login_auditor'::regrole"
        )
        assert faults(pipeline) == []
        # A first try has this login alone: it loads, builds and makes the report.
        may_assume = "SET" if version >= 16 else "MEMBER"
        assert pipeline.sql(
            "select r.rolname from pg_roles as r where r.rolname like 'login\\_%' escape '\\'"
            f" and pg_has_role('admin', r.oid, '{may_assume}') order by r.rolname"
        ) == [("login_analyst",), ("login_loader",), ("login_owner",), ("login_transformer",)]
        with (
            pipeline.connect(user="admin", password="x") as connection,
            pytest.raises(psycopg.errors.InsufficientPrivilege),
        ):
            connection.execute("delete from login_audit.entry")
    finally:
        pipeline.sql("alter database logins owner to postgres")
        pipeline.sql("alter schema public owner to postgres")
        pipeline.sql("reassign owned by admin to postgres; drop owned by admin")
        pipeline.sql(f"revoke {options} from admin cascade")
        pipeline.sql("drop role admin")
