"""Canonical addresses, compared with Python's own ipaddress over many odd spellings."""

import ipaddress
import random

from tests.conftest import Pipeline

GROUPS = ("0", "1", "ffff", "abcd", "2001", "00f", "12345", "g", "", "FFFF", "0000")
QUADS = ("192.0.2.1", "1.2.3.4", "256.1.1.1", "1.2.3", "1.2.3.4.5", "01.2.3.4", "255.255.255.255")


def spelling(chance: random.Random) -> str:
    """Return something that looks like an address, and often is one."""
    parts = [chance.choice(GROUPS) for _ in range(chance.randrange(11))]
    for _ in range(chance.choice((0, 0, 1, 1, 2))):
        parts.insert(chance.randrange(len(parts) + 1), "")
    text = ":".join(parts)
    if chance.random() < 0.3:
        text += chance.choice(("", ":", ":")) + chance.choice(QUADS)
    if chance.random() < 0.3:
        few = [f"{chance.randrange(65536):x}" for _ in range(chance.randrange(1, 9))]
        fold = chance.randrange(len(few) + 1)
        text = ":".join(few[:fold]) + "::" + ":".join(few[fold:])
    return text + chance.choice(("", "", "", "", "/64", "%eth0", ":", " "))


def expected(text: str) -> str | None:
    """Return the address that a text stands for, or the text if it is none."""
    lowered = text.strip().lower()
    try:
        address = ipaddress.ip_address(lowered.partition("%")[0] if "%" not in lowered else "")
    except ValueError:
        return lowered or None
    mapped = address.ipv4_mapped if isinstance(address, ipaddress.IPv6Address) else None
    return str(mapped or address)


def test_addresses_are_read_as_python_reads_them(pipeline: Pipeline) -> None:
    pipeline.vault("init")
    compiled = pipeline.dbt("--quiet", "compile", "--inline", "{{ canonical_address('text') }}")
    assert compiled.code == 0, compiled.output
    chance = random.Random(4291)
    texts = list({spelling(chance) for _ in range(40_000)} | set(QUADS))
    with pipeline.connect() as connection:
        query = f"select text, {compiled.stdout} from unnest(%s::text[]) as t (text)"
        rows = connection.execute(query.encode(), [texts]).fetchall()
    wrong, addresses = [], 0
    for text, actual in rows:
        wanted = expected(text)
        if text.strip() == "01.2.3.4":  # Python refuses the zero that inet reads
            wanted = "1.2.3.4"
        is_address = wanted is not None and wanted != text.strip().lower()
        addresses += is_address
        same = actual == wanted or (
            actual is not None
            and wanted is not None
            and ":" in actual
            and ":" in wanted
            # Two ways of writing the last 32 bits of ::a.b.c.d
            and expected(actual) == wanted
        )
        if not same:
            wrong.append((text, actual, wanted))
    assert wrong == []
    assert addresses > 1000
