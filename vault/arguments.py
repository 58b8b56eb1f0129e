"""The words of the command line: commands, options, settings, and their help."""

import argparse
import re
from collections.abc import Callable
from datetime import timedelta
from pathlib import Path
from typing import Any

from common import logs
from common.errors import ExitCode
from vault import commands

DESCRIPTION = """\
Manage the data that has landed: set the database up, rotate masking keys, recover raw values on
record, erase people, repair and check."""

EPILOG = """\
settings (environment):
  PGHOST, PGPORT, PGUSER, PGPASSWORD, PGDATABASE   as libpq reads them
                         (default: localhost, 5432, postgres, postgres, postgres)
  DBT_SCHEMA             schema that dbt publishes to, prepared by init (default: public)
  LOGIN_QUEUE, AWS_...   the queue that doctor checks, as the loader reads them

exit codes:
  0  the command is done
  1  Postgres is out of reach: run again
  2  a setting or an argument is wrong
  3  credentials or a right are missing, or doctor or audit --verify has found something"""

OWNER = "Needs the role login_owner."


def parser() -> argparse.ArgumentParser:
    """Return the parser. Its result has the function of the command as `run`."""
    made = argparse.ArgumentParser(
        prog="python -m vault",
        description=DESCRIPTION,
        epilog=EPILOG,
        formatter_class=argparse.RawDescriptionHelpFormatter,
    )
    logs.add_options(made)
    add_commands(made.add_subparsers(title="commands", metavar="COMMAND", required=True))
    return made


def add_commands(subparsers: Any) -> None:
    """Add every command to the parser."""

    def command(name: str, run: Callable[..., ExitCode], summary: str, more: str) -> Any:
        described = f"{summary[0].upper()}{summary[1:]}. {more}"
        added = subparsers.add_parser(name, help=summary, description=described)
        added.set_defaults(run=run)
        return added

    _add_set_up(command)
    _add_recovery(command)
    _add_keys(command)
    _add_erasure(command)
    _add_repair(command)


def _add_set_up(command: Callable[..., Any]) -> None:
    installing = command(
        "init",
        commands.init,
        "create, repair or upgrade schemas, roles, grants, raw tables and masking keys",
        "Changes only what differs, and never a key. Needs a superuser, or the owner of the "
        "database with CREATEROLE. The first run of the loader calls it. Each personal field "
        "(vault/schema/personal_fields.sql) and the record of erasures get a random key. To bring "
        "your own, set MASKING_KEY_IP for the field ip, MASKING_KEY_ERASURE for the record: hex or "
        "base64. With _FILE at the end, the variable names a file with the key.",
    )
    installing.add_argument(
        "--share-roles",
        action="store_true",
        help="set the database up although another database of the server uses the roles login_…; "
        "members of a role then have its rights in both",
    )
    examining = command(
        "doctor",
        commands.doctor,
        "check an installation without changing it",
        "Compares the whole catalogue of the database with what init makes, and checks keys, the "
        "server and the queue. Prints one line for each check: ok, FAIL and what to do, or known "
        "if the finding is declared. Exit code 3 if a check fails. Needs the role login_owner to "
        "check settings and keys.",
    )
    examining.add_argument(
        "--declared",
        type=Path,
        metavar="FILE",
        help="findings that are there on purpose, one a line, as they are printed but without what "
        "to do; * matches any text (default: declared.txt, if it exists)",
    )
    examining.add_argument(
        "--format", choices=("text", "json"), default="text", help="(default: text)"
    )


def _add_recovery(command: Callable[..., Any]) -> None:
    recovering = command(
        "recover",
        commands.recover,
        "see raw values behind a mask or of a message, for a reason, on record",
        "Needs the role login_recovery. Prints message_id, sent_at and the raw value of --field, "
        "or every personal field of one message, as columns with tabs between them. Prints to "
        "standard output and nowhere else.",
    )
    lookup = recovering.add_mutually_exclusive_group(required=True)
    lookup.add_argument(
        "--mask", metavar="MASK", help="a value of the column masked_FIELD of user_logins"
    )
    lookup.add_argument("--message-id", metavar="ID", help="a value of user_logins.message_id")
    recovering.add_argument(
        "--field", metavar="FIELD", help="the personal field of --mask, such as ip"
    )
    _add_reason(recovering)

    accessing = command(
        "access",
        commands.access,
        "see everything held about a person, for a reason, on record",
        "Needs the role login_recovery. Prints a JSON document to standard output and nowhere "
        "else: raw and quarantined messages, and the published rows of every model. The record "
        "gets a keyed hash of the user id.",
    )
    accessing.add_argument(
        "--user-id",
        required=True,
        metavar="ID",
        help="a value of user_logins.user_id; - reads it from standard input",
    )
    _add_reason(accessing)

    audit = command(
        "audit",
        commands.audit,
        "list requests for raw values or a person's data, and their disclosures",
        "Oldest first, one a line, with tabs between the columns. The log says the head of the "
        "record, a hash of all its entries. Needs the role login_recovery; with an option, "
        "login_owner.",
    )
    instead = audit.add_mutually_exclusive_group()
    instead.add_argument(
        "--erasures",
        action="store_true",
        help="list erasures instead, each with its user_hash, a keyed hash of the user id",
    )
    instead.add_argument(
        "--all",
        action="store_true",
        help="list every entry of the record: also keys, settings, purges, repairs and set-ups",
    )
    instead.add_argument(
        "--verify",
        action="store_true",
        help="check that no entry was changed or removed, and that the protection of the record is "
        "complete; print one fault a line, with exit code 3",
    )
    audit.add_argument(
        "--head",
        metavar="HASH",
        help="with --verify: a head that you noted before, which must still be in the record",
    )


def _add_reason(requesting: Any) -> None:
    requesting.add_argument(
        "--reason", required=True, metavar="TEXT", help="why, in 10 characters or more"
    )
    requesting.add_argument(
        "--ticket", metavar="TEXT", help="where the reason is on file (default: none)"
    )


def _add_keys(command: Callable[..., Any]) -> None:
    rotating = command(
        "rotate-key",
        commands.rotate_key,
        "add a new masking key; the next `dbt build` publishes all masks under it",
        f"{OWNER} The key is random, unless a variable MASKING_KEY_... provides it, as for init. "
        "Masks from before the rotation no longer match.",
    )
    rotating.add_argument(
        "--field",
        metavar="FIELD",
        help="the personal field of the key, such as ip (default: every field)",
    )

    destroying = command(
        "destroy-key",
        commands.destroy_key,
        "delete a version of a masking key for good",
        f"{OWNER} Refused for a version that is in use, unless --even-in-use says so. On a "
        "terminal it asks first.",
    )
    destroying.add_argument(
        "--field", required=True, metavar="FIELD", help="the personal field of the key, such as ip"
    )
    destroying.add_argument(
        "--version", type=int, required=True, metavar="N", help="as rotate-key says; the first is 1"
    )
    destroying.add_argument(
        "--even-in-use", action="store_true", help="give up masking and recovery with this key"
    )
    destroying.add_argument(
        "--confirm", metavar="FIELD:VERSION", help="such as ip:1, instead of the question"
    )


def _add_erasure(command: Callable[..., Any]) -> None:
    erasing = command(
        "erase",
        commands.erase,
        "erase a person, from the raw messages and every model",
        f"{OWNER} Finds logins with that user id. Also finds the id as a word of its own in "
        "rejected and quarantined messages and in attributes. The next `dbt build` updates the "
        "aggregates.",
    )
    who = erasing.add_mutually_exclusive_group(required=True)
    who.add_argument(
        "--user-id",
        metavar="ID",
        help="a value of user_logins.user_id; - reads it from standard input",
    )
    who.add_argument(
        "--replay",
        nargs="?",
        const="",
        metavar="FILE",
        help="after a restore: erase again everyone on record and in FILE (- for standard input), "
        "which has the output of `audit --erasures`",
    )
    erasing.add_argument(
        "--mentions",
        action="store_true",
        help="with --user-id: also erase logins of other people that mention the id",
    )
    erasing.add_argument(
        "--dry-run",
        action="store_true",
        help="with --user-id: change nothing; list message ids and where the id was found",
    )


def _add_repair(command: Callable[..., Any]) -> None:
    command(
        "requeue",
        commands.requeue,
        "land quarantined messages that jsonb accepts now",
        f"{OWNER} Use it after you have removed the cause. Messages that jsonb still refuses stay "
        "in quarantine.",
    )
    command(
        "restamp",
        commands.restamp,
        "after a restore into another cluster: give messages new transaction ids",
        f"{OWNER} Run it before the loader and the first build run there. Transaction ids of "
        "another cluster mean nothing; the new ones have the same order.",
    )
    purging = command(
        "purge",
        commands.purge,
        "empty raw messages of a given age; their masked rows stay",
        f"{OWNER} Quarantined messages are emptied too. Messages that `dbt build` has not "
        "published yet are not. An emptied message cannot be recovered. On a terminal it asks "
        "first.",
    )
    purging.add_argument(
        "--older-than",
        type=_age,
        required=True,
        metavar="AGE",
        help="days or hours since the message was sent, such as 90d or 12h",
    )


def _age(text: str) -> timedelta:
    found = re.fullmatch(r"(\d+)([dh])", text)
    if not found:
        raise argparse.ArgumentTypeError(
            f"{text!r} is not an age: give days or hours, as 90d or 12h"
        )
    return timedelta(**{{"d": "days", "h": "hours"}[found[2]]: int(found[1])})
