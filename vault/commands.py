"""The commands: each calls one of the modules and returns an exit code."""

import argparse
import json
import logging
import os
import re
import sys
from collections.abc import Sequence
from datetime import timedelta
from pathlib import Path
from typing import Any

import psycopg

from common.database import connect, postgres_settings
from common.errors import ExitCode, LoaderError
from vault import keys, record
from vault.database import OWNER
from vault.doctor import declared, examine
from vault.erasure import erase as erase_user
from vault.erasure import erasure_log, find, replay
from vault.erasure import purge as purge_messages
from vault.init import install
from vault.recovery import ROLE as RECOVERY
from vault.recovery import access as disclose_person
from vault.recovery import recover as recover_values
from vault.recovery import recovery_log
from vault.repair import requeue as requeue_messages
from vault.repair import restamp as restamp_messages
from vault.settings import published_schema

log = logging.getLogger("vault")

ERASED = "erased %d messages: run `dbt build`; backups, write-ahead log and queue may hold some"


def _connect() -> psycopg.Connection:
    return connect(postgres_settings(os.environ))


def init(options: argparse.Namespace) -> ExitCode:
    """Create or repair what the database needs."""
    with _connect() as connection:
        schema = published_schema(os.environ)
        install(connection, schema, os.environ, share_roles=options.share_roles)
    log.info("the database is ready")
    return ExitCode.OK


def doctor(options: argparse.Namespace) -> ExitCode:
    """Print the findings of all checks."""
    found = []
    for finding in examine(os.environ, declared(options.declared)):
        found.append(finding)
        if options.format == "text":
            print(finding, flush=True)
    if options.format == "json":
        print(json.dumps([finding.as_json() for finding in found], indent=1))
    return ExitCode.OK if all(finding.is_ok for finding in found) else ExitCode.PERMISSION


def recover(options: argparse.Namespace) -> ExitCode:
    """Print the raw values behind a mask or of a message, on record."""
    if (options.mask is None) != (options.field is None):
        raise LoaderError(ExitCode.CONFIGURATION, "--field and --mask are given together")
    if options.mask is None:
        kind, lookup = "message_id", options.message_id
    else:
        kind, lookup = f"masked_{options.field}", options.mask
    if not lookup.strip():
        raise LoaderError(ExitCode.CONFIGURATION, "the mask or the message id is empty: give one")
    with _connect() as connection:
        found = recover_values(connection, kind, lookup, options.reason, options.ticket)
    _print_table(found.names, found.rows)
    if found.removed:
        log.warning("%d messages are erased or purged: nothing to disclose in them", found.removed)
    if found.without:
        log.warning(
            "%d messages have no such value: raw.login_of finds none in them", found.without
        )
    if not (found.rows or found.removed or found.without):
        rotated = ": masks from before `rotate-key` are no longer published, give --message-id"
        hint = "" if kind == "message_id" else rotated
        log.warning("nothing was found: there is no message with that %s%s", kind, hint)
    log.info("disclosed %d messages, on record: %s", len(found.rows), found.on_record)
    return ExitCode.OK


def access(options: argparse.Namespace) -> ExitCode:
    """Print everything held about a person as a JSON document, on record."""
    user_id = _user_id(options)
    with _connect() as connection:
        messages, document, on_record = disclose_person(
            connection, user_id, options.reason, options.ticket
        )
    # As an escape in JSON, what would be an order to the terminal.
    print("".join(c if c.isprintable() or c == "\n" else json.dumps(c)[1:-1] for c in document))
    if not messages:
        log.warning("nothing was found of that user: is the id written as it was sent?")
    log.info("disclosed %d messages, on record: %s", messages, on_record)
    return ExitCode.OK


def audit(options: argparse.Namespace) -> ExitCode:
    """Print the record of recoveries, of erasures or of everything, or check it."""
    if options.head is not None and not options.verify:
        raise LoaderError(ExitCode.CONFIGURATION, "--head goes with --verify")
    with _connect() as connection:
        if options.verify:
            faults = record.verify(connection, options.head)
            for fault in faults:
                print(_printable(fault))
            if faults:
                return ExitCode.PERMISSION
            head = record.head(connection, OWNER)
        elif options.erasures or options.all:
            _print_table(*(erasure_log if options.erasures else record.entries)(connection))
            head = record.head(connection, OWNER)
        else:
            _print_table(*recovery_log(connection))
            head = record.head(connection, RECOVERY)
    log.info("the record %s to %s", "is sound" if options.verify else "goes", head)
    return ExitCode.OK


def rotate_key(options: argparse.Namespace) -> ExitCode:
    """Add a new version of one key, or of each."""
    with _connect() as connection:
        added = keys.rotate(connection, os.environ, options.field)
    log.info("added %s: run `dbt build` to publish everything under it", ", ".join(added))
    return ExitCode.OK


def destroy_key(options: argparse.Namespace) -> ExitCode:
    """Delete a version of a key, once that is confirmed."""
    name = f"{options.field}:{options.version}"
    confirmed = options.confirm
    if confirmed is None and sys.stdin.isatty():
        confirmed = _asked(f"This cannot be undone. Type {name} to destroy that key: ")
    if confirmed != name:
        raise LoaderError(ExitCode.CONFIGURATION, f"not confirmed: say --confirm {name}")
    with _connect() as connection:
        keys.destroy(connection, options.field, options.version, even_in_use=options.even_in_use)
    log.info("destroyed %s here; backups and the write-ahead log before this still hold it", name)
    return ExitCode.OK


def erase(options: argparse.Namespace) -> ExitCode:
    """Erase a person, or again everyone on record."""
    if options.user_id is not None:
        return _erase_user(options)
    if options.dry_run or options.mentions:
        raise LoaderError(ExitCode.CONFIGURATION, "--dry-run and --mentions go with --user-id")
    with _connect() as connection:
        erased = replay(connection, _kept_hashes(options.replay))
    log.info(ERASED, erased)
    return ExitCode.OK


def _erase_user(options: argparse.Namespace) -> ExitCode:
    user_id = _user_id(options)
    with _connect() as connection:
        look = find if options.dry_run else erase_user
        found = look(connection, user_id, with_mentions=options.mentions)
    if options.dry_run:
        _print_table(("message_id", "found_in"), found.places())
    if not found.messages | found.named_in_attributes:
        log.warning("nothing was found of that user: is the id written as it was sent?")
    for messages, said in (
        (
            found.mentions,
            "%d logins of other people mention the id: left; --mentions erases them too",
        ),
        (
            found.named_in_attributes,
            "%d logins of other people mention the id in their attributes: only these are erased",
        ),
        (
            found.other_spellings,
            "%d logins have the id in another spelling (case or blanks): left",
        ),
        (found.not_searched, "%d bodies could not be searched: base64 or binary data is in them"),
    ):
        if messages:
            log.warning(said, len(messages))
    said = "would erase %d messages: nothing has changed" if options.dry_run else ERASED
    log.info(said, len(found.messages))
    return ExitCode.OK


def _user_id(options: argparse.Namespace) -> str:
    """Return the id of --user-id, or the first line of standard input for -."""
    given: str = options.user_id
    if given == "-":
        given = sys.stdin.readline().rstrip("\r\n")
    if not given.strip():
        raise LoaderError(ExitCode.CONFIGURATION, "the user id is empty: say whose data it is")
    return given


def _kept_hashes(file: str) -> list[str]:
    if not file:
        return []
    try:
        text = sys.stdin.read() if file == "-" else Path(file).read_text("utf-8")
    except OSError as error:
        raise LoaderError(ExitCode.CONFIGURATION, f"cannot read {file}: {error.strerror}") from None
    return re.findall(r"\b[0-9a-f]{64}\b", text)


def purge(options: argparse.Namespace) -> ExitCode:
    """Empty old raw messages. On a terminal it asks first."""
    if sys.stdin.isatty():
        hours = options.older_than // timedelta(hours=1)
        lost = f"Messages older than {hours} hours lose their raw values for good. Type purge: "
        if _asked(lost) != "purge":
            raise LoaderError(ExitCode.CONFIGURATION, "not confirmed: nothing is purged")
    with _connect() as connection:
        purged = purge_messages(connection, options.older_than)
    log.info("purged %d messages; their masked rows stay", purged)
    return ExitCode.OK


def requeue(_: argparse.Namespace) -> ExitCode:
    """Land quarantined messages again."""
    with _connect() as connection:
        landed, still_refused = requeue_messages(connection)
    log.info("landed %d messages: run `dbt build`; %d are still refused", landed, still_refused)
    return ExitCode.OK


def restamp(_: argparse.Namespace) -> ExitCode:
    """Renumber the transactions that messages landed in."""
    with _connect() as connection:
        restamp_messages(connection)
    log.info("restamped: the loader and `dbt build` can run")
    return ExitCode.OK


def _asked(question: str) -> str:
    """Return what a person types on the terminal, or nothing for the end of input."""
    try:
        return input(question)
    except EOFError:
        return ""


def _print_table(names: Sequence[str], rows: Sequence[Sequence[Any]]) -> None:
    """Print tab-separated values, which a person and `cut` can read."""
    print("\t".join(names))
    for row in rows:
        print("\t".join("" if value is None else _printable(str(value)) for value in row))


def _printable(text: str) -> str:
    """Escape what would be a tab or line of its own, or an order to the terminal."""
    return "".join(c if c.isprintable() else repr(c)[1:-1] for c in text)
