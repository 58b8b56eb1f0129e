"""Both pages in Chromium, from disk and with no network: they work, and they ask for nothing."""

from collections.abc import Iterator
from pathlib import Path

import pytest
from playwright.sync_api import Browser, expect

from tests.browser import CHROMIUM, chromium, opened
from tests.site import site_of
from tests.test_site import BODIES, HOSTILE

pytestmark = pytest.mark.skipif(CHROMIUM is None, reason="no Chromium and no Chrome on the PATH")

IS_CUT = "element => element.scrollWidth > element.clientWidth"


@pytest.fixture(scope="module")
def site(
    servers: dict[str, str], artifacts: Path, tmp_path_factory: pytest.TempPathFactory
) -> Iterator[Path]:
    with site_of(servers, artifacts, tmp_path_factory.mktemp("site"), BODIES) as (_, made):
        yield made


@pytest.fixture(scope="module")
def browser() -> Iterator[Browser]:
    with chromium() as started:
        yield started


@pytest.mark.parametrize(("width", "dark"), [(1280, False), (390, False), (1280, True)])
def test_the_report_draws_its_figures(browser: Browser, site: Path, width: int, dark: bool) -> None:
    with opened(browser, site / "report.html", width=width, dark=dark) as watched:
        page = watched.page
        charts = page.locator(".chart")
        expect(charts).to_have_count(5)
        for chart in charts.all():
            expect(chart.locator("svg")).to_be_visible()
            assert chart.get_attribute("role") == "img"
            assert (chart.get_attribute("aria-label") or "").startswith("Chart. ")
            box = chart.locator("svg").bounding_box()
            assert box
            assert box["width"] > 0.6 * (page.locator("main").bounding_box() or box)["width"] / 2
        assert page.evaluate("document.documentElement.scrollWidth") <= width
        for table in page.locator(".scroll:visible").all():
            assert not table.evaluate(IS_CUT)
        expect(page.locator("#days svg").get_by_text("logins", exact=True)).to_be_visible()
        only_day = page.locator("#versions svg .mark-rect path").first.bounding_box()
        assert only_day
        assert only_day["width"] < width / 10
        colour = page.locator("#days svg path[fill^='var']").first.evaluate(
            "bar => getComputedStyle(bar).fill"
        )
        assert colour == ("rgb(91, 157, 240)" if dark else "rgb(31, 111, 201)")
        assert watched.said == []
        assert watched.requested == []


def test_what_a_message_says_is_text_in_the_chart_and_runs_nowhere(
    browser: Browser, site: Path
) -> None:
    with opened(browser, site / "report.html") as watched:
        page = watched.page
        chart = page.locator("#device_types svg")
        expect(chart).to_be_visible()
        assert page.locator("img").count() == 0
        assert page.locator("script").count() == 2
        bar = chart.locator(".mark-rect path").nth(1)
        bar.hover()
        tooltip = page.locator("#vg-tooltip-element.visible")
        expect(tooltip).to_contain_text(HOSTILE)
        assert tooltip.locator("img").count() == 0
        assert watched.said == []


def test_tables_behind_the_charts_open_and_masks_show_in_full(browser: Browser, site: Path) -> None:
    with opened(browser, site / "report.html") as watched:
        page = watched.page
        table = page.get_by_role("table", name="Device types")
        expect(table).to_be_hidden()
        page.get_by_text("Device types, as a table").click()
        expect(table).to_be_visible()
        expect(table).to_contain_text(HOSTILE)
        mask = page.locator(".mask").first
        assert len(mask.inner_text()) == 64
        assert mask.evaluate(IS_CUT)
        mask.focus()
        assert not mask.evaluate(IS_CUT)


def test_the_report_reads_without_scripts(browser: Browser, site: Path) -> None:
    with opened(browser, site / "report.html", scripts=False) as watched:
        watched.page.get_by_text("Device types, as a table").click()
        expect(watched.page.get_by_role("table", name="Device types")).to_contain_text(HOSTILE)
        assert watched.requested == []


@pytest.mark.parametrize("dark", [False, True])
def test_text_of_the_report_has_contrast(browser: Browser, site: Path, dark: bool) -> None:
    """WCAG 2.1, 1.4.3 (AA): 4.5 to 1; 1.4.11: 3 to 1 for what charts are drawn with."""
    ratio = """([front, back]) => {
        const style = getComputedStyle(document.documentElement);
        const light = name => {
            const hex = style.getPropertyValue(name).trim();
            const parts = [1, 3, 5].map(at => parseInt(hex.slice(at, at + 2), 16) / 255)
                .map(part => part <= 0.04045 ? part / 12.92 : ((part + 0.055) / 1.055) ** 2.4);
            return 0.2126 * parts[0] + 0.7152 * parts[1] + 0.0722 * parts[2];
        };
        const [darker, lighter] = [light(front), light(back)].sort((a, b) => a - b);
        return (lighter + 0.05) / (darker + 0.05);
    }"""
    with opened(browser, site / "report.html", dark=dark) as watched:
        for back in ("--paper", "--card"):
            for front in ("--ink", "--soft", "--link", "--good", "--fair", "--bad"):
                assert watched.page.evaluate(ratio, [front, back]) >= 4.5, front
        for number in range(1, 8):
            assert watched.page.evaluate(ratio, [f"--series-{number}", "--card"]) >= 3, number


def test_the_documentation_opens_with_the_overview_and_leads_to_the_report(
    browser: Browser, site: Path
) -> None:
    with opened(browser, site / "index.html") as watched:
        page = watched.page
        expect(page.get_by_role("heading", name="How the data flows")).to_be_visible()
        expect(page.locator(".menu-icon-off").first).to_be_visible()
        page.get_by_role("link", name="See the report").click()
        expect(page.get_by_role("heading", name="Login report")).to_be_visible()
        page.get_by_role("link", name="Documentation of the data").click()
        expect(page.get_by_role("heading", name="How the data flows")).to_be_visible()
        assert watched.said == []
        assert watched.requested == []


def test_the_documentation_finds_a_column(browser: Browser, site: Path) -> None:
    with opened(browser, site / "index.html") as watched:
        page = watched.page
        page.get_by_placeholder("Search for models...").fill("masked_ip")
        found = page.locator(".result").filter(has_text="user_logins model")
        expect(found).to_contain_text("columns: masked_ip")
        found.click()
        expect(page.get_by_role("heading", name="user_logins")).to_be_visible()
        described = page.get_by_role("paragraph").filter(has_text="One row per login, with")
        expect(described).to_be_visible()
        details = page.locator(".detail-body:visible").all()  # of the model, and of its group
        assert details
        assert not any(detail.evaluate(IS_CUT) for detail in details)
        assert watched.said == []
        assert watched.requested == []


def test_the_documentation_draws_the_lineage(browser: Browser, site: Path) -> None:
    colours = """() => {
        const seen = new Set();
        for (const canvas of document.querySelectorAll('canvas')) {
            const { width, height } = canvas;
            const { data } = canvas.getContext('2d').getImageData(0, 0, width, height);
            for (let at = 0; at < data.length; at += 4)
                if (data[at + 3] === 255) seen.add(`${data[at]},${data[at + 1]},${data[at + 2]}`);
        }
        return [...seen];
    }"""
    with opened(browser, site / "index.html") as watched:
        page = watched.page
        page.get_by_role("link", name="The lineage").click()
        expect(page.get_by_text("Lineage Graph", exact=True)).to_be_visible()
        expect(page.locator("canvas").first).to_be_visible()
        # The colours of dbt_project.yml (#7c3aed, #c026d3) and dbt's own for an exposure
        page.wait_for_function(f"() => ({colours})().includes('124,58,237')", timeout=20_000)
        seen = set(page.evaluate(colours))
        assert {"192,38,211", "255,105,75"} <= seen
        assert "124,192,214" in seen  # our lines
        # Of our own looking at the pixels
        assert [said for said in watched.said if "Canvas2D" not in said] == []
        assert watched.requested == []
