"""dbt's documentation, as it has made it."""

from pathlib import Path

from common.errors import ExitCode, LoaderError

COMMAND = "dbt docs generate --static --target-path"

MENDED = {
    # AngularJS fills this in too late: until then the browser asks for what stands in the braces.
    'xlink:href="{{': 'ng-attr-href="{{',
    # What dbt's own build was meant to replace; an empty icon, or the browser asks for another.
    "${require('./assets/favicons/favicon.ico')}": "data:,",
    # A model's details run out of their frame, and the sidebar's tabs out of the sidebar.
    "</head>": "<style>body .detail-body { white-space: normal }"
    " body .app-scroll .menu { margin-right: 0 }</style></head>",
    # The lines of the lineage graph, 1.3 to 1 on its blue; WCAG 2.1 (1.4.11) asks for 3 to 1.
    'color":"#006f8a"': 'color":"#7cc0d6"',
}
"""What in dbt's page asks for files that are not there, or cannot be seen."""


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
