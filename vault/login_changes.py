"""What a change of vault/schema/login_of.sql means for the messages that have landed."""

import logging

import psycopg

from common.database import queries, refuse_if_logged
from common.errors import ExitCode, LoaderError

log = logging.getLogger("vault")

NAMED = 5
"""Message ids that an error names."""


def try_new_login_of(connection: psycopg.Connection, *, is_first: bool) -> None:
    """Try the new raw.login_of on every message, in the transaction that has replaced it.

    Where there was none before (`is_first`), messages that it cannot open go to quarantine, as they
    would if they landed now. Else raises LoaderError (CONFIGURATION) with their number and ids.
    """
    refuse_if_logged(connection, "the messages")
    # A landing that has begun with the old function ends before, and is tried, too.
    connection.execute(queries("vault")["wait_for_landings"])
    if is_first:
        moved = connection.execute(queries("vault")["quarantine_unopened"]).fetchone()
        if moved and moved[0]:
            log.warning("%d messages with envelopes that hold no JSON are now quarantined", *moved)
        return
    log.info("trying the new raw.login_of on every message that has landed")
    ids = [row[0] for row in connection.execute(queries("vault")["unopened"])]
    if ids:
        more = f" and {len(ids) - NAMED} more" if len(ids) > NAMED else ""
        raise LoaderError(
            ExitCode.CONFIGURATION,
            f"the new raw.login_of fails on {len(ids)} messages that have landed: "
            f"{', '.join(ids[:NAMED])}{more}: nothing has changed; correct "
            "vault/schema/login_of.sql, and run again",
        )
    log.info("for logins that are published already it counts after `dbt build --full-refresh`")
