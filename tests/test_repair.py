"""Repair: quarantined messages after a fix, and what holds the window back."""

from tests.conftest import Pipeline, one_line
from tests.logins import login, logins

DAMAGED = '{"user_id": "user-0009", "ip": "192.0.2.9\\u0000"}'


def quarantined(pipeline: Pipeline) -> int:
    found = pipeline.value("select count(*) from raw.quarantined_messages where removed is null")
    assert isinstance(found, int)
    return found


def test_a_mended_message_is_landed_with_its_id_and_its_time(pipeline: Pipeline) -> None:
    pipeline.send([*logins(2), DAMAGED, "{", DAMAGED])
    pipeline.build()
    assert pipeline.value("select quarantined from pipeline_health") == 3
    nothing = pipeline.vault("requeue")
    assert "landed 0 messages" in nothing.stderr
    assert "3 are still refused" in nothing.stderr
    assert quarantined(pipeline) == 3

    ((mended, sent_at),) = pipeline.sql(
        "update raw.quarantined_messages set body = replace(body, '\\u0000', '')"
        " where message_id = (select min(message_id) from raw.quarantined_messages"
        " where body like '%u0000%') returning message_id, sent_at",
        role="login_owner",
    )
    requeued = pipeline.vault("requeue")
    assert requeued.code == 0, requeued.output
    assert "landed 1 messages" in requeued.stderr
    assert "2 are still refused" in requeued.stderr
    assert "landed 0 messages" in pipeline.vault("requeue").stderr

    pipeline.build()
    assert pipeline.sql(
        "select message_id, sent_at from user_logins where user_id = 'user-0009'"
    ) == [(mended, sent_at)]
    assert pipeline.sql("select landed, logins, quarantined from pipeline_health") == [(3, 3, 2)]
    # Receipts add up, of the first load and of this one.
    assert pipeline.dbt("build", "--selector", "nightly").code == 0
    # Delivered again, it is there already.
    pipeline.sql(
        "insert into raw.raw_logins (message_id, body, load_id)"
        f" values ('{mended}', '{{}}', gen_random_uuid()) on conflict do nothing"
    )
    assert pipeline.value("select count(*) from raw.raw_logins") == 3


def test_a_page_is_requeued_as_a_whole_and_then_the_next(pipeline: Pipeline) -> None:
    pipeline.vault("init")
    pipeline.sql(
        "insert into raw.quarantined_messages (message_id, body, load_id, sqlstate, reason)"
        " select 'message-' || n, case when n % 7 = 0 then '{' else"
        " json_build_object('user_id', n::text)::text end, gen_random_uuid(), '22P02', ''"
        " from generate_series(1, 1200) as n"
    )
    requeued = pipeline.vault("requeue")
    assert "landed 1029 messages: run `dbt build`; 171 are still refused" in requeued.stderr
    assert quarantined(pipeline) == 171
    assert pipeline.sql("select count(*), sum(landed) from raw.loads") == [(3, 1029)]


def test_an_open_transaction_that_holds_logins_back_is_seen(pipeline: Pipeline) -> None:
    pipeline.send(logins(1))
    pipeline.build()
    with pipeline.connect() as slow, slow.transaction():
        slow.execute("select pg_current_xact_id()")
        pipeline.send(logins(2))
        pipeline.build()
        assert pipeline.value("select count(*) from user_logins") == 1
        pipeline.sql("update raw.raw_logins set landed_at = now() - interval '20 minutes'")
        built = pipeline.dbt("build")
        assert built.code == 0
        assert "WARN 1 no_open_transaction_holds_logins_back" in built.output
        assert pipeline.value("select lag_seconds from pipeline_health") >= 1200
        (line,) = (
            line
            for line in pipeline.vault("doctor").stdout.splitlines()
            if "window: no open transaction" in line
        )
        assert line.startswith("FAIL")
        assert f"the transaction of process {slow.info.backend_pid}" in line
    pipeline.build()
    assert pipeline.value("select lag_seconds from pipeline_health") == 0
    assert "ok    window: no open transaction" in pipeline.vault("doctor").stdout


def test_only_the_owner_repairs(pipeline: Pipeline) -> None:
    pipeline.vault("init")
    pipeline.sql("create role mechanic login password 'x' in role login_transformer")
    try:
        for command in ("requeue", "restamp"):
            refused = pipeline.vault(command, PGUSER="mechanic", PGPASSWORD="x")
            assert refused.code == 3
            assert "login_owner" in one_line(refused)
    finally:
        pipeline.sql("drop role mechanic")


def test_a_login_of_a_number_is_rejected_until_the_rule_changes(pipeline: Pipeline) -> None:
    """What an old rule rejected becomes a login when everything is derived anew."""
    pipeline.send([login(1), login(2, ip=7)])
    pipeline.build()
    assert pipeline.value("select count(*) from rejected_logins") == 1
    # A rule cannot change in the middle of a test; that the message does comes to the same.
    pipeline.sql('update raw.raw_logins set body = body || \'{"ip": "7"}\'')
    pipeline.build("--full-refresh")
    assert pipeline.sql("select count(*) from user_logins") == [(2,)]
    assert pipeline.sql("select count(*) from rejected_logins") == [(0,)]
