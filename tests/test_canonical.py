"""Canonical values: as Python reads them, the same in every locale, and never an error."""

import ipaddress
import random
from collections.abc import Iterator
from contextlib import contextmanager
from pathlib import Path

import psycopg
import pytest
from psycopg import errors, sql

from tests.conftest import Pipeline, Rows

GROUPS = ("0", "1", "ffff", "abcd", "2001", "00f", "12345", "g", "", "FFFF", "0000")
QUADS = ("192.0.2.1", "1.2.3.4", "256.1.1.1", "1.2.3", "1.2.3.4.5", "01.2.3.4", "255.255.255.255")

# Of text around an address, which does not count.
AROUND = (
    "{}",
    " {}\n",
    "\u00a0{}\u200b",
    "\ufeff{}\u200d\u3000",
    '"{}"',
    "'{}' ",
    "{}, 198.51.100.1",
    '"{}" ,"198.51.100.1"',
    "{},unknown",
    ", {}",
)
AROUND_IPV4 = ("{}", "{}:443", "{}/32", "{}.", "::ffff:{}", "::FFFF:{}:443", "[::ffff:{}]:443",
               "0:0:0:0:0:ffff:{}", "0:0:0:0:0:FFFF:{}/128", "::ffff:{}%eth0")  # fmt: skip
AROUND_IPV6 = ("{}", "[{}]", "[{}]:443", "{}/128", "{}.", "{}%eth0", "[{}%25en1]:8080", "[{}]/128")

# How a database is made, and what its own lower() makes of Ä and I.
LOCALES = {
    "C": ("locale 'C'", "Äi"),
    "en_US": ("locale 'en_US.utf8'", "äi"),
    "tr_TR": ("locale 'tr_TR.utf8'", "äı"),
    "icu en-US": ("locale 'C' locale_provider icu icu_locale 'en-US'", "äi"),
    "icu tr-TR": ("locale 'C' locale_provider icu icu_locale 'tr-TR'", "äı"),
    "builtin": ("locale 'C' locale_provider builtin builtin_locale 'C.UTF-8'", "äi"),
}


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


def canonical(address: ipaddress.IPv4Address | ipaddress.IPv6Address) -> str | None:
    mapped = address.ipv4_mapped if isinstance(address, ipaddress.IPv6Address) else None
    address = mapped or address
    return None if address.is_unspecified else str(address)


def expected(text: str) -> str | None:
    """Return the address that a text stands for, or the text if it is none."""
    lowered = text.strip().lower()
    try:
        # Python reads the zone of IPv6, and keeps it.
        address = ipaddress.ip_address(lowered)
        return canonical(ipaddress.ip_address(str(address).partition("%")[0]))
    except ValueError:
        return lowered or None


def query(pipeline: Pipeline, *macros: str) -> bytes:
    """Return a query that calls macros for each text of an array, its parameter."""
    columns = ", ".join(f"{{{{ {macro}('text') }}}}" for macro in macros)
    inline = f"select text, {columns} from unnest($texts::text[]) as t (text)"
    compiled = pipeline.dbt("--quiet", "compile", "--inline", inline)
    assert compiled.code == 0, compiled.output
    return compiled.stdout.replace("%", "%%").replace("$texts", "%s").encode()


def read(pipeline: Pipeline, texts: list[str], *macros: str) -> Rows:
    with pipeline.connect() as connection:
        return connection.execute(query(pipeline, *macros), [texts]).fetchall()


def test_addresses_are_read_as_python_reads_them(pipeline: Pipeline) -> None:
    pipeline.vault("init")
    chance = random.Random(4291)
    texts = list({spelling(chance) for _ in range(40_000)} | set(QUADS))
    wrong, addresses = [], 0
    for text, actual in read(pipeline, texts, "canonical_address"):
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


def test_an_address_is_the_same_in_every_spelling(pipeline: Pipeline) -> None:
    pipeline.vault("init")
    chance = random.Random(5952)
    meant: dict[str, ipaddress.IPv4Address | ipaddress.IPv6Address] = {}
    for _ in range(60):
        ipv4 = ipaddress.IPv4Address(chance.getrandbits(32))
        ipv6 = ipaddress.IPv6Address(chance.getrandbits(128) & chance.getrandbits(128))
        spelt = [form.format(ipv4) for form in AROUND_IPV4]
        high, low = divmod(int(ipv4), 65536)
        spelt += [f"::FFFF:{high:X}:{low:04x}", f"[0:0:0:0:0:ffff:{high:04x}:{low:X}]:80"]
        meant |= {form.format(text): ipv4 for text in spelt for form in AROUND}
        spelt = [
            form.format(text)
            for text in (ipv6, ipv6.exploded, str(ipv6).upper())
            for form in AROUND_IPV6
        ]
        meant |= {form.format(text): ipv6 for text in spelt for form in AROUND}
    rows = read(pipeline, list(meant), "canonical_address")
    assert len(rows) > 10_000
    wrong = [
        (text, actual)
        for text, actual in rows
        if actual is None or ipaddress.ip_address(actual) != meant[text]
    ]
    assert wrong == []


def test_no_text_is_an_error_and_a_canonical_form_is_its_own(pipeline: Pipeline) -> None:
    pipeline.vault("init")
    chance = random.Random(15)
    pieces = (*"0123456789abfhiABFHI.:/%[]{}()\"',;- \t\n\\Ä😀", "::", "1.2.3.4", "ffff:", "::1",
              "/32", "unknown", "null", "\u00a0", "\u200b", "\ufeff", "\u0130", "\u0131", "\u0301",
              "\u0331")  # fmt: skip
    texts = ["".join(chance.choices(pieces, k=chance.randrange(14))) for _ in range(60_000)]
    macros = ("canonical_address", "canonical_device_id")
    rows = read(pipeline, texts, *macros)
    for number, macro in enumerate(macros, 1):
        once = [row[number] for row in rows if row[number] is not None]
        assert len(set(once)) > 10_000
        assert [row for row in read(pipeline, once, macro) if row[0] != row[1]] == []


@contextmanager
def database(pipeline: Pipeline, options: str) -> Iterator[psycopg.Connection]:
    """Make a database of a locale and connect to it; skip the test where the server has none."""
    name = sql.Identifier("elsewhere")
    with pipeline.connect() as connection:
        statement = f"create database {{}} template template0 encoding 'UTF8' {options}"
        try:
            connection.execute(sql.SQL(statement).format(name))
        except (
            errors.FeatureNotSupported,
            errors.WrongObjectType,
            errors.InvalidObjectDefinition,
            errors.SyntaxError,
        ) as error:
            pytest.skip(f"this server has no such locale: {error.diag.message_primary}")
        try:
            with pipeline.connect(dbname="elsewhere") as there:
                yield there
        finally:
            connection.execute(sql.SQL("drop database {}").format(name))


@pytest.mark.parametrize("locale", LOCALES)
def test_canonical_forms_do_not_depend_on_the_locale(pipeline: Pipeline, locale: str) -> None:
    options, lowered = LOCALES[locale]
    pipeline.vault("init")
    compiled = pipeline.dbt("--quiet", "compile", "--select", "tag:nightly,canonical_*")
    assert compiled.code == 0, compiled.output
    target = Path(pipeline.env["DBT_TARGET_PATH"]) / "compiled"
    found = {path.name: path.read_bytes() for path in target.rglob("macros/canonical_*.sql")}
    assert len(found) == 2
    with database(pipeline, options) as connection:
        # The locale is in force, or it would prove nothing.
        assert connection.execute("select lower('ÄI')").fetchall() == [(lowered,)]
        for name, statement in found.items():
            assert connection.execute(statement).fetchall() == [], name


def test_canonical_forms_may_be_computed_in_parallel(pipeline: Pipeline) -> None:
    pipeline.vault("init")
    columns = "{{ canonical_address('text') }}, {{ canonical_device_id('text') }}"
    compiled = pipeline.dbt("--quiet", "compile", "--inline", f"select {columns} from texts")
    assert compiled.code == 0, compiled.output
    with pipeline.connect() as connection:
        connection.execute(
            "create table texts as select n::text as text from generate_series(1, 9) n"
        )
        connection.execute("set parallel_setup_cost = 0")
        connection.execute("set parallel_tuple_cost = 0")
        connection.execute("set min_parallel_table_scan_size = 0")
        plan = connection.execute(f"explain verbose {compiled.stdout}".encode()).fetchall()
    # Below the node that gathers, so that the workers compute it.
    assert plan[0][0].startswith("Gather"), plan
    assert any("Output: CASE" in line for (line,) in plan[3:]), plan
