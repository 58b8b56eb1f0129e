"""Every test of dbt's fails when there is a reason to, and the schedules run what they should."""

import re

import pytest

from tests.conftest import Outcome, Pipeline
from tests.logins import login, logins

# What breaks the promise, and the tests that see it.
HARM = {
    "delete from user_logins where user_id = 'user-0001'": {
        "new_messages_are_in_one_model",
        "every_landed_message_is_in_one_model",
    },
    "insert into rejected_logins (message_id, rejection_reason)"
    " select message_id, 'bad luck' from user_logins where user_id = 'user-0002'": {
        "every_rejection_has_a_reason_of_the_list",
        "every_landed_message_is_in_one_model",
    },
    "update user_logins set masked_ip = null where user_id = 'user-0003'": {
        "new_logins_are_masked_where_something_was_sent",
        "all_logins_are_masked_where_something_was_sent",
    },
    "update user_logins set masked_device_id = null where user_id = 'user-0003'": {
        "new_logins_are_masked_where_something_was_sent",
        "all_logins_are_masked_where_something_was_sent",
    },
    "alter table user_logins drop constraint user_logins_app_version_check;"
    "update user_logins set app_version = 2147000000 where user_id = 'user-0003'": {
        "within_range_user_logins_app_version__2146999999__0",
    },
    "update load_receipts set landed = landed + 1, received = received + 1": {
        "new_receipts_account_for_every_message",
        "all_receipts_account_for_every_message",
    },
    "update daily_logins set users = users + 1": {"aggregates_agree_with_user_logins"},
    "update pipeline_health set logins = logins - 1": {"landed_messages_add_up"},
}
WARNED_OF = {
    "no_open_transaction_holds_logins_back": "update pipeline_health set lag_seconds = 901",
    "nothing_waits_in_quarantine": "update pipeline_health set quarantined = 1",
    "nobody_has_many_identifiers_in_a_day": "update pipeline_health"
    " set users_with_many_identifiers = 1",
    "versions_that_cannot_be_read": "",  # such a message is sent
    "keys_that_nothing_reads": "",
    "addresses_that_are_none": "",
    "new_messages_that_are_rejected": "",
    "equal_bodies_under_different_ids": "",
}
# A constraint of the table holds them already.
CANNOT_FAIL = {
    "not_null_user_logins_user_id",
    "not_null_user_logins_message_id",
    "unique_user_logins_message_id",
    "not_null_rejected_logins_message_id",
    "unique_rejected_logins_message_id",
    "not_null_load_receipts_load_id",
    "unique_load_receipts_load_id",
    "not_null_app_versions_app_version",
    "unique_app_versions_app_version",
    "not_null_login_days_login_day",
    "unique_login_days_login_day",
    "daily_logins_has_one_row_for_each_key",
    "daily_app_versions_has_one_row_for_each_key",
    "shared_identifiers_has_one_row_for_each_key",
    *(
        f"{test}_stg_{key}"
        for test in ("not_null", "unique")
        for key in (
            "logins_message_id",
            "messages_message_id",
            "removed_messages_message_id",
            "quarantined_messages_message_id",
            "loads_load_id",
        )
    ),
}
# Tests of code, whose rows are in them.
OF_CODE = {
    "version_to_integer_follows_every_rule",
    "canonical_address_makes_equal_addresses_equal",
    "canonical_device_id_makes_equal_ids_equal",
}

# What a build asks of what it has just read; the constraints of the tables say the rest.
OF_NEW_ROWS = {
    "new_messages_are_in_one_model",
    "new_logins_are_masked_where_something_was_sent",
    "new_receipts_account_for_every_message",
    "landed_messages_add_up",
    "no_open_transaction_holds_logins_back",
    "nobody_has_many_identifiers_in_a_day",
    "nothing_waits_in_quarantine",
    "versions_that_cannot_be_read",
    "keys_that_nothing_reads",
    "addresses_that_are_none",
    "new_messages_that_are_rejected",
}
ALL = set().union(*HARM.values(), WARNED_OF, CANNOT_FAIL, OF_CODE)


def named(outcome: Outcome, result: str) -> set[str]:
    """Return the data tests that ended in that result."""
    return set(re.findall(rf" {result} (?:\d+ )?(\w+) \.", outcome.output))


def test_every_test_sees_what_it_is_for(pipeline: Pipeline) -> None:
    odd = login(7, app_version="new", ip="Berlin", city="Berlin")
    pipeline.send([*logins(16), "[]", "[]", odd, login(8), login(8)])
    pipeline.build()
    sound = pipeline.dbt("test", "--select", "test_type:data")
    assert sound.code == 0, sound.output
    assert named(sound, "WARN") == {name for name, harm in WARNED_OF.items() if not harm}
    for harm in (*HARM, *filter(None, WARNED_OF.values())):
        pipeline.sql(harm)
    harmed = pipeline.dbt("test", "--select", "test_type:data")
    assert harmed.code != 0
    assert named(harmed, "FAIL") == set().union(*HARM.values())
    assert named(harmed, "WARN") == set(WARNED_OF)
    assert named(harmed, "PASS") == CANNOT_FAIL | OF_CODE
    # What that means, and what to do, is said of each: of what fails, also to who wants silence.
    explained = re.findall(r"(\w+): .+\. What to do: ", harmed.output)
    assert set(explained) == named(harmed, "FAIL") | named(harmed, "WARN")
    silent = pipeline.dbt("--quiet", "test", "--select", "test_type:data")
    assert set(re.findall(r"(\w+): .+\. What to do: ", silent.output)) == named(harmed, "FAIL")


@pytest.mark.parametrize("selector", ["every_build", "nightly"])
def test_a_schedule_runs_its_tests(pipeline: Pipeline, selector: str) -> None:
    """Also the unit tests, which test code and need no data: once here, and not in every build."""
    pipeline.send(logins(3))
    pipeline.load()
    built = pipeline.dbt("build", *(["--selector", selector] if selector == "nightly" else []))
    assert built.code == 0, built.output
    ran = named(built, "PASS") | named(built, "WARN")
    assert ran == (ALL if selector == "nightly" else OF_NEW_ROWS)
    assert (" PASS stg_logins::" in built.output) == (selector == "nightly")
