"""Raw values are disclosed for a reason, one request at a time, and on record."""

from tests.conftest import Pipeline, one_line
from tests.logins import login

REASON = "support case 4711"


def test_a_recovery_discloses_what_was_asked_for_and_is_on_record(pipeline: Pipeline) -> None:
    pipeline.send(
        [
            login(1, ip="192.0.2.77"),
            login(2, ip="192.0.2.2"),
            login(3, ip="::ffff:192.0.2.2"),
            "[1]",
        ]
    )
    pipeline.build()
    mask = pipeline.value("select masked_ip from user_logins where user_id = 'user-0002'")
    found = pipeline.vault("recover", "--masked-ip", mask, "--reason", REASON, "--ticket", "T-1")
    assert found.code == 0, found.stderr
    lines = [line.split("\t") for line in found.stdout.splitlines()]
    assert lines[0] == ["message_id", "sent_at", "ip", "device_id"]
    assert sorted(line[2:] for line in lines[1:]) == [["192.0.2.2", ""], ["::ffff:192.0.2.2", ""]]
    assert "192.0.2.2" not in found.stderr

    device = pipeline.value("select masked_device_id from user_logins where user_id = 'user-0001'")
    found = pipeline.vault("recover", "--masked-device-id", device, "--reason", REASON)
    assert [line.split("\t")[2:] for line in found.stdout.splitlines()[1:]] == [["", "device-0001"]]

    message = pipeline.value("select message_id from user_logins where user_id = 'user-0001'")
    found = pipeline.vault("recover", "--message-id", message, "--reason", REASON)
    assert found.stdout.splitlines()[1].split("\t")[2:] == ["192.0.2.77", "device-0001"]

    listed = [line.split("\t") for line in pipeline.vault("audit").stdout.splitlines()]
    assert [line[listed[0].index("kind")] for line in listed[1:]] == [
        "masked_ip",
        "masked_device_id",
        "message_id",
    ]
    assert [line[listed[0].index("messages")] for line in listed[1:]] == ["2", "1", "1"]
    assert all(REASON in line for line in listed[1:])
    log = (pipeline.logs / "postgres.log").read_text("utf-8", "replace")
    assert "login recovery: request 1 disclosed to postgres, 2 messages" in log
    assert "192.0.2.2" not in log


def test_what_is_disclosed_gives_the_terminal_no_orders(pipeline: Pipeline) -> None:
    pipeline.send([login(1, ip="\x1b[2J\t192.0.2.1\n")])
    pipeline.build()
    message = pipeline.value("select message_id from user_logins")
    found = pipeline.vault("recover", "--message-id", message, "--reason", REASON)
    assert found.stdout.splitlines()[1].split("\t")[2] == r"\x1b[2J\t192.0.2.1\n"


def test_a_recovery_without_a_reason_or_beyond_the_limit_is_refused(pipeline: Pipeline) -> None:
    pipeline.send([login(1)])
    pipeline.build()
    refused = pipeline.vault("recover", "--message-id", "m", "--reason", "because")
    assert refused.code == 3
    assert "a reason of at least 10 characters is needed" in one_line(refused)
    pipeline.sql("update vault.settings set value = '2' where name = 'recoveries_per_hour'")
    for code in (0, 0, 3):
        outcome = pipeline.vault("recover", "--message-id", "m", "--reason", REASON)
        assert outcome.code == code, outcome.stderr
    assert "2 requests in an hour are the limit" in one_line(outcome)


def test_a_rolled_back_disclosure_stays_in_the_server_log(pipeline: Pipeline) -> None:
    pipeline.send([login(1)])
    pipeline.build()
    ask = f"select vault.request_recovery('message_id', 'm', '{REASON}')"
    request = pipeline.sql(ask, role="login_recovery")[0][0]
    with pipeline.connect() as connection:
        connection.execute("set role login_recovery")
        connection.execute("begin")
        connection.execute("select * from vault.recover(%s)", [request])
        connection.execute("rollback")
    assert pipeline.value("select count(*) from vault.recovery_request") == 1
    log = (pipeline.logs / "postgres.log").read_text("utf-8", "replace")
    assert f"login recovery: request {request} disclosed to postgres, 0 messages" in log
