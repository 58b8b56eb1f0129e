"""dbt's documentation, as it has made it."""

from pathlib import Path

from loader.errors import ExitCode, LoaderError

COMMAND = "dbt docs generate --static --target-path"

MENDED = {
    # AngularJS fills this in too late: until then the browser asks for what stands in the braces.
    'xlink:href="{{': 'ng-attr-href="{{',
    # What dbt's own build was meant to replace; an empty icon, or the browser asks for another.
    "${require('./assets/favicons/favicon.ico')}": "data:,",
}
"""What in dbt's page would be requested, in vain, besides the page itself."""


def copy_documentation(target: Path, site: Path) -> None:
    """Make the one file that holds dbt's documentation the front page of the site.

    It is made in a directory of its own: `dbt docs generate` writes a run_results.json, which
    would take the place of the build's.
    Raises LoaderError (CONFIGURATION) if dbt has not made it.
    """
    made = target / "docs" / "static_index.html"
    if not made.is_file():
        raise LoaderError(
            ExitCode.CONFIGURATION,
            f"there is no {made}: run `{COMMAND} {target / 'docs'}` first",
        )
    page = made.read_text("utf-8")
    for found, instead in MENDED.items():
        page = page.replace(found, instead)
    (site / "index.html").write_text(page, "utf-8")
