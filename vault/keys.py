"""Masking keys: made in the database, or brought from a secrets manager."""

import base64
from collections.abc import Mapping, Sequence
from pathlib import Path

import psycopg

from common.database import queries
from common.errors import ExitCode, LoaderError
from vault.database import transaction
from vault.logged import refuse_if_logged

DOMAINS = ("ip", "device_id")
"""What is masked. A third key, `erasure`, hashes the user ids in the record of erasures."""

SHORTEST = 32
"""Bytes of a key, as many as its hash has (RFC 2104, section 3)."""


def secret_from(environment: Mapping[str, str], domain: str) -> bytes | None:
    """Return the key that an operator provides for a domain, or None.

    MASKING_KEY_IP holds it in hex or base64, or MASKING_KEY_IP_FILE names a file that does; so
    for DEVICE_ID and ERASURE. Raises LoaderError (CONFIGURATION), which never quotes it.
    """
    variable = f"MASKING_KEY_{domain.upper()}"
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
    """Give every domain a key that has none: the operator's, or 32 random bytes.

    Raises LoaderError (CONFIGURATION) if the operator's key is another than the one in use.
    """
    for domain in (*DOMAINS, "erasure"):
        parameters = _parameters(connection, environment, domain)
        connection.execute(queries("vault")["add_first_key"], parameters)
        if parameters["secret"] is None:
            continue
        found = connection.execute(queries("vault")["is_newest_key"], parameters).fetchone()
        if found is None:
            raise LoaderError(
                ExitCode.CONFIGURATION,
                f"MASKING_KEY_{domain.upper()} is another key than the database masks with: "
                "unset it, or use `python -m vault rotate-key`",
            )


def _parameters(
    connection: psycopg.Connection, environment: Mapping[str, str], domain: str
) -> dict[str, str | bytes | None]:
    secret = secret_from(environment, domain)
    if secret is not None:
        refuse_if_logged(connection, "the key")
    return {"domain": domain, "secret": secret}


def rotate(
    connection: psycopg.Connection, environment: Mapping[str, str], domains: Sequence[str]
) -> list[str]:
    """Add a new version of the key to each domain and return them as domain:version.

    The next `dbt build` publishes everything under it. Raises LoaderError (CONFIGURATION) if the
    last rotation has not been published yet.
    """
    added = []
    with transaction(connection):
        connection.execute(queries("vault")["lock_builds"])
        _require_published(connection)
        for domain in domains:
            parameters = _parameters(connection, environment, domain)
            row = connection.execute(queries("vault")["add_next_key"], parameters).fetchone()
            if row is None:
                raise LoaderError(
                    ExitCode.CONFIGURATION,
                    f"MASKING_KEY_{domain.upper()} is a key that the database already has: "
                    "provide a new one, or unset it to have one made",
                )
            added.append(f"{domain}:{row[0]}")
    return added


def destroy(
    connection: psycopg.Connection, domain: str, version: int, *, even_in_use: bool
) -> None:
    """Delete one version of a key for good.

    Raises LoaderError (CONFIGURATION) if there is no such version, or if masks are computed with
    it and `even_in_use` is not set.
    """
    parameters = {"domain": domain, "version": version}
    with transaction(connection):
        connection.execute(queries("vault")["lock_builds"])
        in_use = connection.execute(queries("vault")["is_key_in_use"], parameters).fetchone()
        if in_use and not even_in_use:
            raise LoaderError(
                ExitCode.CONFIGURATION,
                f"masks are computed with {domain}:{version}: rotate and publish first, "
                "or say --even-in-use and give up masking and recovery with it",
            )
        if not connection.execute(queries("vault")["destroy_key"], parameters).rowcount:
            raise LoaderError(ExitCode.CONFIGURATION, f"there is no key {domain}:{version}")
        connection.execute(queries("vault")["record_destroyed_key"], parameters)


def _require_published(connection: psycopg.Connection) -> None:
    if connection.execute(queries("vault")["unpublished_rotation"]).fetchone():
        raise LoaderError(
            ExitCode.CONFIGURATION,
            "a rotated key is not published yet: run `dbt build` first",
        )
