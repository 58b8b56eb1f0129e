"""Erasure of a person, purge of what is old, and commands that are killed."""

import base64
import gzip
import json
import os
import pty
import subprocess
import time
from collections.abc import Callable, Iterator
from pathlib import Path

import pytest

from tests.conftest import ROOT, Pipeline, one_line, slowed
from tests.logins import login, logins

REASON = "support case 4711"

PEOPLE = ("user-7788", "778877887788", 'corp\\ann "o.*|(1)+$"/ü')
"""A plain user id, a number, and one of signs that JSON or a regular expression knows."""

BODIES_AND_ROWS = """
    select count(*) filter (where body is null), (select count(*) from user_logins)
    from raw.raw_logins
"""


def test_an_erased_user_is_gone_and_stays_gone(pipeline: Pipeline) -> None:
    quarantined = '{"user_id": "user-0003", "ip": "192.0.2.4'
    rejected = login(3, ip=7)
    neighbours = [login(30), '{"user_id": "user-00031", "ip']
    pipeline.send([*logins(5), login(3), rejected, quarantined, *neighbours])
    pipeline.build()
    pipeline.send([login(3, locale="FR")])  # landed, and not built yet
    pipeline.load()
    ids = {
        i
        for (i,) in pipeline.sql(
            "select message_id from raw.raw_logins where body ->> 'user_id' = 'user-0003'"
        )
    }
    assert len(ids) == 4
    erased = pipeline.vault("erase", "--user-id", "-", stdin="user-0003\n")
    assert erased.code == 0, erased.stderr
    assert "erased 5 messages" in erased.stderr
    assert "user-0003" not in erased.stdout + erased.stderr
    assert pipeline.value("select count(*) from user_logins where user_id = 'user-0003'") == 0
    assert pipeline.value("select count(*) from user_logins") == 5
    assert pipeline.value("select count(*) from rejected_logins") == 0
    assert {
        i for (i,) in pipeline.sql("select message_id from raw.raw_logins where removed = 'erased'")
    } == ids
    assert pipeline.sql("select body from raw.quarantined_messages where body is not null") == [
        (neighbours[1],)
    ]
    everything = (
        pipeline.sql("select r::text from raw.raw_logins as r")
        + pipeline.sql("select r::text from raw.quarantined_messages as r")
        + pipeline.sql("select e::text from login_audit.entry as e")
    )
    assert "user-0003" not in repr(everything).replace("user-00031", "")
    assert "user-0003" not in pipeline.server_log()

    # Delivered again, it stays erased; so also from the start.
    pipeline.sql(
        f"select raw.land(gen_random_uuid(), array['{min(ids)}'], array['{login(3)}'],"
        " array[null]::timestamptz[], array[1], array[null], array[null])",
        role="login_loader",
    )
    pipeline.build()
    pipeline.build("--full-refresh")
    assert pipeline.value("select count(*) from user_logins where user_id = 'user-0003'") == 0
    assert pipeline.value("select count(*) from user_logins") == 5
    assert (
        pipeline.vault("recover", "--message-id", min(ids), "--reason", REASON).stdout.count("\n")
        == 1
    )


def test_an_erasure_finds_what_is_no_login_and_spares_the_neighbours(pipeline: Pipeline) -> None:
    his = [
        '[{"user_id": "10"}]',
        '{"user_id": ["10"]}',
        json.dumps(login(1, user_id="10")),  # JSON in JSON
        'user 10 logged in from 192.0.2.1"',
        '{"user_id": "10", "ip": "192.0',
    ]
    others = [
        '{"user_id": "10@example.com", "ip": "192.0',
        '{"user_id": "8", "ip": "10.1.2.3',
        "user u-10 logged in from 10.0.0.10",
        login(2, device_type="10"),
        '["1010"]',
    ]
    pipeline.send([*his, *others])
    pipeline.build()
    erased = pipeline.vault("erase", "--user-id", "-", stdin="10\r\n")
    assert erased.code == 0, erased.stderr
    assert "erased 5 messages" in erased.stderr
    left = pipeline.sql(
        "select count(*) from raw.raw_logins where body is not null union all"
        " select count(*) from raw.quarantined_messages where body is not null"
    )
    assert left == [(2,), (3,)]
    assert pipeline.value("select count(*) from rejected_logins") == 1
    assert pipeline.dbt("build", "--selector", "nightly").code == 0
    assert "nothing was found" in pipeline.vault("erase", "--user-id", "nobody").stderr


def sns(message: str) -> str:
    return json.dumps({"Type": "Notification", "TopicArn": "arn:aws:sns:x", "Message": message})


def event(message: str) -> str:
    return f'{{"detail-type": "login", "source": "app", "detail": {message}}}'


ENVELOPES: tuple[Callable[[str], str], ...] = (
    lambda message: message,
    sns,
    event,
    json.dumps,
    lambda message: sns(event(message)),
    lambda message: json.dumps(json.dumps(event(json.dumps(message)))),
)


def escaped(text: str) -> str:
    """Every character as an escape of JSON."""
    return "".join(f"\\u{ord(character):04x}" for character in text)


def everywhere(user_id: str, device_id: str) -> Iterator[str]:
    """Bodies with a person in every kind of place, each with the device id in plain letters."""
    plain = login(7788, user_id=user_id, ip="198.51.100.78", device_id=device_id)
    rejected = login(7788, user_id=user_id, device_id=device_id, locale=7)
    quoted = json.dumps(user_id)
    hidden = plain.replace(quoted, f'"{escaped(user_id)}"')
    for envelope in ENVELOPES:
        yield envelope(plain)
        yield envelope(rejected)
        yield envelope(f"[{plain}]")
        yield envelope(hidden)
        yield envelope(json.dumps({"batch": [{"sent": plain}]}))
    yield f'{{"by_user": {{{quoted}: {{"device_id": "{device_id}"}}}}}}'
    yield f"login\tof {user_id} with {device_id}"
    yield f"{user_id}\n{device_id}"
    yield f"{device_id} is used by {user_id}."
    yield plain[:-2] + " is cut off"
    yield hidden[:-2]
    yield (
        hidden.replace("\\u", "\\U0000")
        .replace("\\U0000", "\\u")
        .upper()
        .replace("\\U", "\\u")[:-2]
        .replace(device_id.upper(), device_id)
    )
    yield json.dumps(json.dumps({"note": f"\n{user_id}\n", "device": device_id}))[:-1]
    yield sns(hidden[:-2])
    yield sns(json.dumps(hidden)[:-2])
    yield plain.replace("/", "\\/")[:-2]
    yield plain[:-1] + ', "note": "\\u0000"}'
    yield login(1) + "\n" + plain
    if user_id.isdigit():
        yield plain.replace(quoted, user_id)
        yield plain.replace(quoted, f"{user_id}.0")
        yield sns(plain.replace(quoted, user_id))
        yield plain.replace(quoted, user_id)[:-2]


def contents(pipeline: Pipeline) -> dict[str, list[str]]:
    """Return all rows of all tables of all schemas, as text in which strings stand as they are."""
    tables = pipeline.sql(
        "select c.oid::regclass::text from pg_class as c"
        " inner join pg_namespace as n on c.relnamespace = n.oid"
        " where c.relkind = 'r' and n.nspname in ('raw', 'vault', 'public')"
        " and c.relname not like 'pg_dist%'"
    )
    return {
        table: sorted(
            "\t".join(
                cell if isinstance(cell, str) else json.dumps(cell, default=str, ensure_ascii=False)
                for cell in row
            )
            for row in pipeline.sql(f"select * from {table}")
        )
        for (table,) in tables
    }


def messages(pipeline: Pipeline) -> dict[str, tuple[str, str | None]]:
    """Return of each message everything that is kept of it, and why it was removed."""
    rows = pipeline.sql(
        "select message_id, concat_ws(' ', body, attributes, body_md5), removed"
        " from raw.raw_logins union all"
        " select message_id, concat_ws(' ', body, attributes, body_md5), removed"
        " from raw.quarantined_messages"
    )
    return {message_id: (kept, removed) for message_id, kept, removed in rows}


def published(pipeline: Pipeline) -> dict[str, str]:
    return dict(
        pipeline.sql(
            "select message_id, u::text from user_logins as u"
            " union all select message_id, r::text from rejected_logins as r"
        )
    )


def test_of_an_erased_person_nothing_is_left_anywhere(pipeline: Pipeline) -> None:
    devices = {user_id: f"phone-{number}-of-a-person" for number, user_id in enumerate(PEOPLE)}
    others = [ENVELOPES[number % len(ENVELOPES)](login(number)) for number in range(2900)]
    pipeline.send([login(1, user_id=user_id, device_id=devices[user_id]) for user_id in PEOPLE])
    pipeline.build()
    assert "purged 3 messages" in pipeline.vault("purge", "--older-than", "0h").stderr
    pipeline.send(others)
    named_in_attributes = 0
    for user_id, device_id in devices.items():
        pipeline.send(list(everywhere(user_id, device_id)))
        # rejected, and sent by somebody else
        pipeline.send([login(2001, locale=7, device_type=f"{user_id} {device_id}")])
        for body in ("[]", "{", login(2000)):
            named_in_attributes += 1
            pipeline.client.send_message(
                QueueUrl=pipeline.url,
                MessageBody=body,
                MessageAttributes={
                    name: {"DataType": "String", "StringValue": value}
                    for name, value in (("who", user_id), ("device", device_id))
                },
            )
    pipeline.build()
    assert len(messages(pipeline)) > 3000
    assert named_in_attributes == 9

    for user_id, device_id in devices.items():
        before, before_published = messages(pipeline), published(pipeline)
        theirs = {i for i, (kept, _) in before.items() if device_id in kept}
        others_login = {i for i in theirs if "user-2000" in before[i][0]}
        assert (len(theirs) > 30, len(others_login)) == (True, 1)

        state = contents(pipeline)
        tried = pipeline.vault("erase", "--dry-run", "--user-id", "-", stdin=f"{user_id}\n")
        assert tried.code == 0, tried.stderr
        heading, *lines = [line.split("\t") for line in tried.stdout.splitlines()]
        assert heading == ["message_id", "found_in"]
        found = dict(lines)
        purged = found.keys() - theirs
        assert [found[i] for i in purged] == ["row"]
        assert found.keys() - purged == theirs
        assert {place for places in found.values() for place in places.split(", ")} == {
            *("login", "row", "rejected", "quarantined", "attributes", "mention in attributes"),
        }
        assert contents(pipeline) == state

        erased = pipeline.vault("erase", "--user-id", "-", stdin=f"{user_id}\n")
        assert erased.code == 0, erased.stderr
        assert f"erased {len(theirs)} messages" in erased.stderr
        assert "1 logins of other people mention the id in their attributes" in erased.stderr
        said = tried.output + erased.output + pipeline.server_log()
        after = messages(pipeline)
        left = "\n".join(row for rows in contents(pipeline).values() for row in rows)
        for secret in (user_id, device_id):
            written = json.dumps(secret, ensure_ascii=False)[1:-1]
            for text in (secret, written, json.dumps(secret)[1:-1], escaped(secret)):
                assert text not in left
                assert text not in said
        changed = {i for i in before if before[i] != after[i]}
        assert changed == found.keys()
        assert {i for i in changed if after[i][1] == "erased"} == changed - others_login
        assert published(pipeline) == {
            i: row for i, row in before_published.items() if i not in changed - others_login
        }

    assert "198.51.100.78" not in repr(contents(pipeline))
    pipeline.build()
    assert pipeline.dbt("build", "--selector", "nightly").code == 0


def test_what_is_not_theirs_or_not_known_is_counted_and_left(pipeline: Pipeline) -> None:
    hidden = login(1).encode()
    bodies = {
        "mention": [login(2, locale="user-0001"), sns(login(3, device_type="by user-0001"))],
        "other spelling": [
            login(4, user_id=" User-0001\t"),
            json.dumps(login(5, user_id="USER-0001")),
        ],
        "not searched": [
            json.dumps(base64.b64encode(hidden).decode()),
            base64.urlsafe_b64encode(hidden).decode(),
            f"data: {base64.b64encode(gzip.compress(hidden)).decode()}".replace("/", "\\/"),
            json.dumps({"gzip": gzip.compress(hidden).decode("latin-1")}),
            json.dumps([hidden.hex()]),
        ],
        None: [
            *logins(20)[6:],
            *(
                login(n, user_id=user)
                for n, user in enumerate(("user-00011", "x.user-0001", "user-0001@x"))
            ),
            json.dumps(["0f" * 32, "7d1bd7b2-0b7e-4a0f-9d0c-0a3f5d9b2c11", "plain words"]),
            "[user-0001.5]",
        ],
    }
    for place in bodies.values():
        pipeline.send(place)
    pipeline.load()
    nobody = pipeline.vault("erase", "--user-id", "user-9")
    assert "nothing was found" in nobody.stderr
    assert "5 bodies could not be searched" in nobody.stderr
    state = contents(pipeline)
    tried = pipeline.vault("erase", "--user-id", "user-0001", "--dry-run")
    assert contents(pipeline) == state
    assert "nothing was found" in tried.stderr
    assert "would erase 0 messages" in tried.stderr
    places = [line.split("\t")[1] for line in tried.stdout.splitlines()[1:]]
    assert {place: places.count(place) for place in set(places)} == {
        place: len(those) for place, those in bodies.items() if place
    }
    assert hidden.decode() not in tried.output

    pipeline.send([login(1)])
    pipeline.load()
    erased = pipeline.vault("erase", "--user-id", "user-0001")
    for said in (
        "erased 1 messages",
        "2 logins of other people mention the id: left; --mentions erases them too",
        "2 logins have the id in another spelling (case or blanks): left",
        "5 bodies could not be searched",
    ):
        assert said in erased.stderr
    assert "would erase 2 messages" in (
        pipeline.vault("erase", "--user-id", "user-0001", "--mentions", "--dry-run").stderr
    )
    taken = pipeline.vault("erase", "--user-id", "user-0001", "--mentions")
    assert "erased 2 messages" in taken.stderr
    assert "other people" not in taken.stderr
    assert [
        row for (row,) in pipeline.sql("select messages from vault.erasure_log() order by 1")
    ] == [
        *(0, 1, 2),
    ]


@pytest.mark.parametrize("option", ["--dry-run", "--mentions"])
def test_an_option_for_one_person_is_none_for_a_replay(pipeline: Pipeline, option: str) -> None:
    refused = pipeline.vault("erase", "--replay", option)
    assert (refused.code, one_line(refused)) == (2, "--dry-run and --mentions go with --user-id")


def test_the_numbers_of_sqs_are_nobodys_id(pipeline: Pipeline) -> None:
    pipeline.send(["[]", "{", login(1), login(2, user_id="1")])
    pipeline.load()
    assert "erased 1 messages" in pipeline.vault("erase", "--user-id", "1").stderr
    assert "erased 0 messages" in pipeline.vault("erase", "--replay").stderr


def test_a_replay_finds_a_person_in_logins_and_in_text(pipeline: Pipeline) -> None:
    people = [user_id.replace('"', "") for user_id in PEOPLE]
    assert pipeline.load().code == 0
    for user_id in people:
        assert pipeline.vault("erase", "--user-id", user_id).code == 0
    theirs = [body for user_id in people for body in everywhere(user_id, "phone-of-a-person")]
    pipeline.send(theirs)
    pipeline.send(logins(50))
    pipeline.load()
    replayed = pipeline.vault("erase", "--replay")
    assert replayed.code == 0, replayed.stderr
    left = [kept for kept, removed in messages(pipeline).values() if removed is None]
    # A replay has a hash alone: it knows words and what is in quotation marks.
    unknown = [kept for kept in left if "phone-of-a-person" in kept]
    assert all("7788.0" in kept or '"user_id' not in kept for kept in unknown)
    assert len(unknown) == 5
    assert len(left) == 50 + len(unknown)


WORDS: tuple[tuple[str | None, str, bool], ...] = (
    ("user a1", "a1", True),
    ("a1.", "a1", True),
    ("a1.b", "a1", False),
    ("a1, a2", "a1", True),
    ("a1@example.com", "a1", False),
    ("-a1", "a1", False),
    ("aa1", "a1", False),
    ("xa1 a1", "a1", True),
    (r"\na1", "a1", True),
    (r"\\na1", "a1", True),
    (r"\u0061\u0031", "a1", True),
    (r"\\\\u0061\\\\u0031", "a1", True),
    (r"\u005cu0061\u005cu0031", "a1", True),
    (r"\ud83d\ude00", "\U0001f600", True),
    (r"\ud83d \ude00 \ud83d \u12 \u", "\U0001f600", False),
    (r"\u0000a1\ud800", "a1", True),
    (r"\x00a1", "a1", True),
    (r"a\/1", "a/1", True),
    (r"a\\1", "a\\1", True),
    (r"a\"1", 'a"1', True),
    ("axxx1", "a.*1", False),
    ("(a.*1)", "a.*1", True),
    ("1) a|b (", "a|b", True),
    ("", "a1", False),
    (None, "a1", False),
)


def test_an_id_is_a_word_of_its_own_with_or_without_escapes(pipeline: Pipeline) -> None:
    assert pipeline.vault("init").code == 0
    with pipeline.connect() as connection:
        for said, wanted, is_named in WORDS:
            found = connection.execute("select vault.names(%s, %s)", (said, wanted)).fetchone()
            assert found == (is_named,), (said, wanted)


def test_a_hostile_body_of_a_megabyte_is_searched_in_seconds(pipeline: Pipeline) -> None:
    assert pipeline.vault("init").code == 0
    parts = (
        "\\u0041",
        "\\",
        '"',
        "\\n",
        "\\u005c",
        "a ",
        "user-1x",
        "user-1\\",
        "Ab0/",
        "\\ud83d",
        "1.",
    )
    with pipeline.connect() as connection:
        connection.execute("set statement_timeout = '20s'")
        for part in parts:
            body = part * (1024 * 1024 // len(part))
            connection.execute(
                "select vault.names(%s, 'user-1'), vault.is_opaque(%s), vault.words(%s)", [body] * 3
            )


def test_an_erasure_is_replayed_after_a_restore(pipeline: Pipeline, tmp_path: Path) -> None:
    pipeline.send([*logins(5), login(2)])
    pipeline.build()
    backup = tmp_path / "backup"
    settings = ("--dbname", pipeline.env["PGDATABASE"])
    assert pipeline.run("pg_dump", *settings, "--format=custom", f"--file={backup}").code == 0
    assert pipeline.vault("erase", "--user-id", "user-0002").code == 0
    kept = tmp_path / "erasures"
    kept.write_text(pipeline.vault("audit", "--erasures").stdout)

    restored = pipeline.run(
        "pg_restore", *settings, "--clean", "--if-exists", "--single-transaction", str(backup)
    )
    assert restored.code == 0, restored.stderr
    assert pipeline.value("select count(*) from user_logins where user_id = 'user-0002'") == 2
    assert "erased 0 messages" in pipeline.vault("erase", "--replay").stderr
    assert "erased 2 messages" in pipeline.vault("erase", "--replay", str(kept)).stderr
    assert pipeline.value("select count(*) from user_logins") == 4


def test_a_purged_user_can_still_be_erased(pipeline: Pipeline) -> None:
    pipeline.send(logins(4))
    pipeline.build()
    pipeline.vault("purge", "--older-than", "0h")
    assert "erased 1 messages" in pipeline.vault("erase", "--user-id", "user-0002").stderr
    pipeline.build("--full-refresh")
    assert pipeline.value("select count(*) from user_logins") == 3


def test_a_purge_empties_old_bodies_and_keeps_masked_rows(pipeline: Pipeline) -> None:
    pipeline.send([*logins(6), "{", "[]"])
    refused = pipeline.vault("purge", "--older-than", "0h")
    assert refused.code == 3
    pipeline.load()
    refused = pipeline.vault("purge", "--older-than", "0h")
    assert (refused.code, "user_logins is not built" in one_line(refused)) == (2, True)
    pipeline.build()
    before = pipeline.sql("select * from user_logins order by message_id")
    pipeline.sql(
        "update raw.raw_logins set sent_at = now() - interval '91 days'"
        " where body ->> 'user_id' < 'user-0003'"
    )
    pipeline.send([login(9)])
    pipeline.load()  # landed, and not read by any model yet
    assert "purged 3 messages" in pipeline.vault("purge", "--older-than", "90d").stderr
    assert "purged 5 messages" in pipeline.vault("purge", "--older-than", "0h").stderr
    assert pipeline.value("select count(*) from raw.raw_logins where body is not null") == 1
    assert (
        pipeline.value("select count(*) from raw.quarantined_messages where body is not null") == 0
    )
    assert pipeline.sql("select * from user_logins order by message_id") == before

    # What is left of the purged messages is kept when the table is made anew.
    pipeline.build("--full-refresh")
    kept = set(pipeline.sql("select * from user_logins"))
    assert len(kept) == 7
    assert set(before) <= kept
    assert pipeline.value("select count(*) from rejected_logins") == 1

    pipeline.sql("drop table user_logins")
    assert "user_logins is not built" in pipeline.vault("purge", "--older-than", "0h").stderr
    lost = pipeline.dbt("build")
    assert lost.code != 0
    assert "of purged messages its rows were all that was left" in lost.output
    assert pipeline.dbt("run", "--vars", "accept_history_loss: true").code == 0
    assert pipeline.value("select count(*) from user_logins") == 1


@pytest.mark.parametrize(
    ("answer", "code", "left"), [("purge\n", 0, 0), ("no\n", 2, 1), ("\x04", 2, 1)]
)
def test_a_purge_asks_on_a_terminal(pipeline: Pipeline, answer: str, code: int, left: int) -> None:
    pipeline.send([login(1)])
    pipeline.build()
    ours, theirs = pty.openpty()
    os.write(ours, answer.encode())
    done = subprocess.run(
        ["python", "-m", "vault", "purge", "--older-than", "0h"],
        stdin=theirs,
        env=pipeline.env,
        cwd=ROOT,
        check=False,
        capture_output=True,
        text=True,
        timeout=60,
    )
    os.close(ours)
    os.close(theirs)
    assert "older than 0 hours lose their raw values for good" in done.stdout
    assert done.returncode == code, done.stderr
    assert ("nothing is purged" in done.stderr) == (code != 0)
    assert pipeline.value("select count(*) from raw.raw_logins where removed is null") == left


@pytest.mark.parametrize("age", ["90", "90 days", "-1d", "d", ""])
def test_an_age_is_days_or_hours(pipeline: Pipeline, age: str) -> None:
    outcome = pipeline.vault("purge", f"--older-than={age}")
    assert outcome.code == 2
    assert "give days or hours, as 90d or 12h" in outcome.stderr


@pytest.mark.parametrize(
    ("command", "table", "state"),
    [
        (("rotate-key",), "vault.masking_key", "select count(*) from vault.masking_key"),
        (
            ("erase", "--user-id", "user-0001"),
            "raw.raw_logins",
            BODIES_AND_ROWS,
        ),
        (
            ("purge", "--older-than", "0h"),
            "raw.raw_logins",
            BODIES_AND_ROWS,
        ),
    ],
)
def test_a_killed_command_leaves_nothing_half_done_and_can_be_run_again(
    pipeline: Pipeline, command: tuple[str, ...], table: str, state: str
) -> None:
    pipeline.send(logins(12))
    pipeline.build()
    before = pipeline.sql(state)
    with slowed(pipeline, table):
        process = subprocess.Popen(["python", "-m", "vault", *command], env=pipeline.env, cwd=ROOT)
        while not pipeline.value(
            "select count(*) from pg_stat_activity where wait_event = 'PgSleep'"
        ):
            time.sleep(0.05)
        process.kill()
        process.wait()
        pipeline.sql(
            "select pg_terminate_backend(pid) from pg_stat_activity where wait_event = 'PgSleep'"
        )
        while pipeline.value("select count(*) from pg_stat_activity where wait_event = 'PgSleep'"):
            time.sleep(0.05)
    assert pipeline.sql(state) == before
    assert pipeline.vault(*command).code == 0
    assert pipeline.sql(state) != before
    assert pipeline.dbt("build").code == 0
