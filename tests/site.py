"""The site of docs and report, made as the README says."""

import html
import json
import re
from collections.abc import Iterator
from contextlib import contextmanager
from pathlib import Path
from typing import Any

from tests.conftest import Outcome, Pipeline, new_pipeline


def make_site(pipeline: Pipeline, site: Path) -> Outcome:
    """Run what `make site` runs, after a build."""
    docs = Path(pipeline.env["DBT_TARGET_PATH"]) / "docs"
    described = pipeline.dbt("docs", "generate", "--static", "--target-path", str(docs))
    assert described.code == 0, described.output
    return pipeline.run("python", "-m", "report", "--output", str(site))


@contextmanager
def site_of(
    servers: dict[str, str], artifacts: Path, site: Path, bodies: list[str]
) -> Iterator[tuple[Pipeline, Path]]:
    """Send messages, load, build, and make the site."""
    with new_pipeline(servers, artifacts) as pipeline:
        pipeline.send(bodies)
        pipeline.build()
        made = make_site(pipeline, site)
        assert made.code == 0, made.output
        assert made.stdout == f"wrote {site / 'index.html'} and {site / 'report.html'}\n"
        assert sorted(page.name for page in site.iterdir()) == ["index.html", "report.html"]
        yield pipeline, site


def text_of(page: str) -> str:
    """What a reader without scripts sees."""
    body = re.sub(r"<(script|style)\b.*?</\1>", "", page, flags=re.DOTALL)
    return " ".join(html.unescape(re.sub(r"<[^>]+>", " ", body)).split())


def data_of(page: str) -> dict[str, Any]:
    """What the charts are drawn from, by figure."""
    [found] = re.findall(r'<script type="application/json" id="charts">(.*?)</script>', page)
    return {name: chart["rows"] for name, chart in json.loads(found)["charts"].items()}
