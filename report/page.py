"""The report as one HTML file that needs nothing else.

Charts are Vega-Lite's (BSD-3-Clause), drawn as SVG by the reader's browser. Its JavaScript is in
the wheel vl-convert-python: pinned with everything else, at hand without a network, and a fifth of
plotly.js.
"""

import json
from base64 import b64encode
from hashlib import sha256
from importlib.resources import files
from typing import Any

from jinja2 import Environment, PackageLoader, StrictUndefined

from report.figures import Figures
from report.script import script
from report.test_results import DbtTestResults

CHARTS = {
    "days": "days",
    "device_types": "bars",
    "locales": "bars",
    "versions": "versions",
    "loads": "loads",
}
"""Which figures are drawn, and by which specification of report/charts."""

LAG_LIMIT_SECONDS = 900
"""From when on waiting is worth a look: as pipeline_health's own test has it."""


def render(figures: Figures, tests: DbtTestResults | None) -> str:
    """Return the page."""
    code, style = script(), _read("page/report.css")
    return (
        _environment()
        .get_template("report.html")
        .render(
            figures=figures,
            tests=tests,
            problems=_problems(figures, tests),
            remarks=_remarks(figures, tests),
            charts=_charts(figures),
            config=_chart("config"),
            script=code,
            style=style,
            policy=_policy(code, style),
        )
    )


def _charts(figures: Figures) -> dict[str, Any]:
    """Return specification and rows of what there is to draw."""
    drawn = {
        name: {"spec": _chart(spec), "rows": figures[name]}
        for name, spec in CHARTS.items()
        if figures[name]
    }
    if {"days", "versions"} <= drawn.keys():  # both from the same day on: one day fills no chart
        year, month, day = map(int, figures["days"][0]["day"].split("-"))
        first = {"year": year, "month": month, "date": day, "utc": True}
        drawn["versions"]["spec"]["encoding"]["x"]["scale"] = {"domainMin": first}
    return drawn


def _problems(figures: Figures, tests: DbtTestResults | None) -> list[str]:
    """Say, one line each, what is wrong."""
    [health] = figures["health"]
    found = []
    if health["landed"] != health["logins"] + health["rejected"] + health["erased"]:
        found.append("Logins, rejected and erased messages are not as many as have landed.")
    if tests and (failed := tests.ended("fail", "error")):
        found.append(f"dbt tests that failed: {failed}.")
    return found


def _remarks(figures: Figures, tests: DbtTestResults | None) -> list[str]:
    """Say, one line each, what may be right, and is worth a look."""
    [health] = figures["health"]
    found = []
    if health["quarantined"]:
        found.append(f"Messages that wait in quarantine: {health['quarantined']:,}.")
    if health["users_with_many_identifiers"]:
        users = health["users_with_many_identifiers"]
        found.append(f"Users with very many addresses or devices in a day: {users:,}.")
    if health["lag_seconds"] > LAG_LIMIT_SECONDS:
        found.append(f"Messages have waited for {_duration(health['lag_seconds'])} for a build.")
    if tests and (warned := tests.ended("warn")):
        found.append(f"dbt tests that warned: {warned}.")
    return found


def _environment() -> Environment:
    made = Environment(
        loader=PackageLoader("report", "page"),
        autoescape=True,
        undefined=StrictUndefined,
        trim_blocks=True,
        lstrip_blocks=True,
    )
    made.filters |= {
        "thousands": lambda number: f"{number:,}",
        "percent": lambda share: f"{share:.0%}",
        "duration": _duration,
    }
    return made


def _duration(seconds: int) -> str:
    """Return a time in the largest unit that fits, `90 s`, `15 min`, `30 h`, `4 days`."""
    for unit, length in (("days", 86_400), ("h", 3600), ("min", 60)):
        if seconds >= 2 * length:
            return f"{seconds // length} {unit}"
    return f"{seconds} s"


def _policy(script: str, style: str) -> str:
    """Let nothing run and nothing be fetched but what is in the file, whatever is in the data."""
    return (
        f"default-src 'none'; script-src '{_digest(script)}'; style-src '{_digest(style)}'; "
        "img-src data:; base-uri 'none'; form-action 'none'"
    )


def _digest(text: str) -> str:
    return f"sha256-{b64encode(sha256(text.encode()).digest()).decode()}"


def _chart(name: str) -> Any:
    return json.loads(_read(f"charts/{name}.json"))


def _read(name: str) -> str:
    return files("report").joinpath(name).read_text("utf-8")
