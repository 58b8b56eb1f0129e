"""Takes pictures of both pages: `python -m tests.screenshots DIRECTORY`.

Of a sandbox with weeks of made-up logins (tests/weeks.py). That of the report is in docs/images.
"""

import sys
import tempfile
from itertools import groupby
from pathlib import Path

from loader.landing import land
from sandbox import sandbox
from tests.browser import chromium, opened
from tests.conftest import Pipeline, new_pipeline
from tests.site import make_site
from tests.weeks import weeks_of_logins

LINEAGE = "#!/overview?g_v=1&g_i=%2Bexposure:*"
SETTLED_MILLISECONDS = 3000
"""For the lineage graph, which moves into its place."""


def land_weeks(pipeline: Pipeline) -> None:
    """Land a load for each day, as of that day."""
    pipeline.vault("init")
    with pipeline.connect() as connection:
        for _, messages in groupby(weeks_of_logins(), lambda message: str(message.sent_at)[:10]):
            land(connection, list(messages))
    pipeline.sql(
        "update raw.loads set loaded_at = newest.sent_at from (select load_id, max(sent_at) as"
        " sent_at from raw.raw_logins group by load_id) as newest"
        " where loads.load_id = newest.load_id"
    )


def take(site: Path, pictures: Path) -> None:
    """Take the pictures of a site."""
    report, docs = site / "report.html", site / "index.html"
    with chromium() as browser:
        for name, width, dark in (("report", 1280, False), ("dark", 1280, True), ("phone", 390, 0)):
            with opened(browser, report, width=width, height=960, dark=bool(dark)) as watched:
                watched.page.locator("#loads svg").wait_for()
                watched.page.screenshot(path=pictures / f"{name}.png")
                watched.page.screenshot(path=pictures / f"{name}-whole.png", full_page=True)
        for name, fragment in (
            ("overview", ""),
            ("user_logins", "#!/model/model.login_elt.user_logins"),
            ("lineage", LINEAGE),
        ):
            with opened(browser, docs, fragment=fragment, height=640) as watched:
                watched.page.wait_for_timeout(SETTLED_MILLISECONDS)
                watched.page.screenshot(path=pictures / f"{name}.png")


def main() -> None:
    """Build a site in a sandbox and take its pictures."""
    pictures = Path(sys.argv[1])
    pictures.mkdir(parents=True, exist_ok=True)
    with tempfile.TemporaryDirectory() as place:
        nothing = Path(place) / "none.jsonl"
        nothing.touch()
        with sandbox(nothing) as servers, new_pipeline(servers, Path(place)) as pipeline:
            land_weeks(pipeline)
            pipeline.build()
            made = make_site(pipeline, Path(place) / "site")
            assert made.code == 0, made.output
            take(Path(place) / "site", pictures)


if __name__ == "__main__":
    main()
