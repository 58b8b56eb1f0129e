"""Masking keys: made in the database, or brought from a secrets manager."""

import base64
from collections.abc import Mapping, Sequence
from pathlib import Path

import psycopg

from common.database import INIT, queries, refuse_if_logged
from common.errors import ExitCode, LoaderError
from vault import record
from vault.database import transaction

ERASURE = "erasure"
"""The domain of the key that hashes the user ids in the record. The other domains are fields."""

PREFIX = "MASKING_KEY_"
"""Variables with this prefix provide keys, and nothing else."""

SHORTEST = 32
"""Bytes of a key, as many as its hash has (RFC 2104, section 3)."""


def personal_fields(connection: psycopg.Connection) -> list[str]:
    """Return the fields that are masked, in order: those of `schema/personal_fields.sql`."""
    return _fields(connection, "personal_fields")


def _fields(connection: psycopg.Connection, query: str) -> list[str]:
    return [field for (field,) in connection.execute(queries("vault")[query])]


def _variable(domain: str) -> str:
    return PREFIX + domain.upper()


def secret_from(environment: Mapping[str, str], domain: str) -> bytes | None:
    """Return the key that an operator provides for a personal field or for `erasure`, or None.

    MASKING_KEY_IP is the key of the field ip in hex or base64. MASKING_KEY_IP_FILE names a file
    with it. Raises LoaderError (CONFIGURATION), which never quotes the key.
    """
    variable = _variable(domain)
    text = environment.get(variable)
    if file := environment.get(f"{variable}_FILE"):
        try:
            text = Path(file).read_text("utf-8")
        except (OSError, UnicodeError):
            raise LoaderError(
                ExitCode.CONFIGURATION, f"{variable}_FILE: cannot read a key from {file}"
            ) from None
    if not text:
        return None
    secret = _decoded(text.strip())
    if secret is None or len(secret) < SHORTEST:
        raise LoaderError(
            ExitCode.CONFIGURATION,
            f"{variable} is no key: give at least {SHORTEST} random bytes in hex or base64, "
            f"as `openssl rand -hex {SHORTEST}` makes them",
        )
    return secret


def _decoded(text: str) -> bytes | None:
    try:
        return bytes.fromhex(text)
    except ValueError:
        pass
    try:
        return base64.b64decode(text, validate=True)
    except ValueError:  # binascii.Error, or a character that is not ASCII
        return None


def add_first_keys(connection: psycopg.Connection, environment: Mapping[str, str]) -> None:
    """Give every personal field, and `erasure`, a key if it has none.

    The key is the operator's, or 32 random bytes. Raises LoaderError (CONFIGURATION) if the
    operator's key differs from the key in use, or belongs to no personal field.
    """
    fields = personal_fields(connection)
    _refuse_misspelled(environment, fields)
    for domain in (*fields, ERASURE):
        parameters = _parameters(connection, environment, domain)
        if added := connection.execute(queries("vault")["add_first_key"], parameters).fetchone():
            _record(connection, "key_added", domain, added[0])
        if parameters["secret"] is None:
            continue
        found = connection.execute(queries("vault")["is_newest_key"], parameters).fetchone()
        if found is None:
            raise LoaderError(
                ExitCode.CONFIGURATION,
                f"{_variable(domain)} is another key than the database masks with: "
                "unset it, or use `python -m vault rotate-key`",
            )


def _refuse_misspelled(environment: Mapping[str, str], fields: Sequence[str]) -> None:
    """Raise LoaderError (CONFIGURATION) if a variable provides a key that nothing would use."""
    known = [_variable(domain) for domain in (*fields, ERASURE)]
    for name, value in environment.items():
        if value and name.startswith(PREFIX) and name.removesuffix("_FILE") not in known:
            raise LoaderError(
                ExitCode.CONFIGURATION,
                f"{name} belongs to no personal field: unset it, or name one of "
                f"{', '.join(known)} (the fields are listed in vault/schema/personal_fields.sql)",
            )


def _refuse_unknown(field: str, fields: Sequence[str]) -> None:
    """Raise LoaderError (CONFIGURATION) for a field that has no masking key."""
    if field not in fields:
        raise LoaderError(
            ExitCode.CONFIGURATION,
            f"{field} is not a personal field: name one of {', '.join(fields)}",
        )


def _parameters(
    connection: psycopg.Connection, environment: Mapping[str, str], domain: str
) -> dict[str, str | bytes | None]:
    secret = secret_from(environment, domain)
    if secret is not None:
        refuse_if_logged(connection, "the key")
    return {"domain": domain, "secret": secret}


def rotate(
    connection: psycopg.Connection, environment: Mapping[str, str], field: str | None
) -> list[str]:
    """Add a new version to the key of a personal field, or of each, and return field:version.

    The next `dbt build` publishes everything under it. Raises LoaderError (CONFIGURATION) if the
    field is not listed, or the last rotation has not been published yet.
    """
    added = []
    with transaction(connection):
        connection.execute(queries("vault")["lock_builds"])
        fields = personal_fields(connection)
        if field is not None:
            _refuse_unknown(field, fields)
        _refuse_misspelled(environment, fields)
        _require_published(connection)
        for one in fields if field is None else [field]:
            parameters = _parameters(connection, environment, one)
            row = connection.execute(queries("vault")["add_next_key"], parameters).fetchone()
            if row is None:
                raise LoaderError(
                    ExitCode.CONFIGURATION,
                    f"{one} has no key yet: run `{INIT}`"
                    if parameters["secret"] is None
                    else f"{_variable(one)} is a key that the database already has: "
                    "provide a new one, or unset it to have one made",
                )
            _record(connection, "key_added", one, row[0])
            added.append(f"{one}:{row[0]}")
    return added


def destroy(connection: psycopg.Connection, field: str, version: int, *, even_in_use: bool) -> None:
    """Delete one version of the key of a field that is or was personal, for good.

    It is in no file of the table any more; the write-ahead log and backups still hold it.

    Raises LoaderError (CONFIGURATION) if there is no such field or version, or if masks are
    computed with it and `even_in_use` is not set.
    """
    parameters = {"domain": field, "version": version}
    with transaction(connection):
        connection.execute(queries("vault")["lock_builds"])
        _refuse_unknown(field, _fields(connection, "fields_with_keys"))
        in_use = connection.execute(queries("vault")["is_key_in_use"], parameters).fetchone()
        if in_use and not even_in_use:
            raise LoaderError(
                ExitCode.CONFIGURATION,
                f"masks are computed with {field}:{version}: rotate and publish first, "
                "or say --even-in-use and give up masking and recovery with it",
            )
        if not connection.execute(queries("vault")["destroy_key"], parameters).rowcount:
            raise LoaderError(ExitCode.CONFIGURATION, f"there is no key {field}:{version}")
        connection.execute(queries("vault")["rewrite_keys"])
        _record(connection, "key_destroyed", field, version)


def _record(connection: psycopg.Connection, kind: str, field: str, version: int) -> None:
    record.add(connection, kind, {"field": field, "version": version})


def _require_published(connection: psycopg.Connection) -> None:
    if connection.execute(queries("vault")["unpublished_rotation"]).fetchone():
        raise LoaderError(
            ExitCode.CONFIGURATION,
            "a rotated key is not published yet: run `dbt build` first",
        )
