"""A headless Chromium for the tests: Debian's, or whatever is installed, driven by Playwright."""

import shutil
from collections.abc import Iterator
from contextlib import contextmanager
from dataclasses import dataclass, field
from pathlib import Path

from playwright.sync_api import Browser, Page, Route, sync_playwright

CHROMIUM = next(
    filter(None, map(shutil.which, ("chromium", "chromium-browser", "google-chrome"))), None
)

# Without a sandbox of its own, so that it starts as root and in containers; nothing of its own
# accord goes to the network.
FLAGS = (
    "--no-sandbox",
    "--disable-gpu",
    "--disable-quic",
    "--no-first-run",
    "--disable-background-networking",
    "--disable-component-update",
    "--disable-sync",
)


@dataclass
class Watched:
    """A page, with what it said and what it asked for besides itself."""

    page: Page
    said: list[str] = field(default_factory=list)
    requested: list[str] = field(default_factory=list)


@contextmanager
def chromium() -> Iterator[Browser]:
    """Start the browser, with a profile that is gone afterwards."""
    with sync_playwright() as playwright:
        browser = playwright.chromium.launch(executable_path=CHROMIUM, args=FLAGS)
        try:
            yield browser
        finally:
            browser.close()


@contextmanager
def opened(
    browser: Browser,
    file: Path,
    *,
    fragment: str = "",
    width: int = 1280,
    height: int = 900,
    dark: bool = False,
    scripts: bool = True,
) -> Iterator[Watched]:
    """Open a file from disk, with no network, and note what is said and requested."""
    context = browser.new_context(
        viewport={"width": width, "height": height},
        color_scheme="dark" if dark else "light",
        java_script_enabled=scripts,
        offline=True,
    )
    page = context.new_page()
    watched = Watched(page)

    def refuse(route: Route) -> None:
        url = route.request.url
        if url.startswith("file:"):
            route.continue_()
            return
        watched.requested.append(url)
        route.abort()

    page.route("**/*", refuse)
    page.on("console", lambda message: watched.said.append(f"{message.type}: {message.text}"))
    page.on("pageerror", lambda error: watched.said.append(f"error: {error}"))
    try:
        page.goto(f"{file.resolve().as_uri()}{fragment}", wait_until="load")
        yield watched
    finally:
        context.close()
