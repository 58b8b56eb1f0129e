"""The command line: `python -m report`."""

import argparse
import os
import sys
from pathlib import Path

from common import __version__
from common.database import connect, postgres_settings
from common.errors import ExitCode, LoaderError
from report.documentation import copy_documentation
from report.figures import read_figures
from report.page import render
from report.test_results import read_test_results
from vault.settings import published_schema

DESCRIPTION = """\
Write two pages: site/index.html, the documentation of the data, and site/report.html, the report.
Run `dbt build` and `dbt docs generate --static --target-path target/docs` first. Each page is one
file that needs no network."""

EPILOG = """\
settings (environment):
  PGHOST, PGPORT, PGUSER, PGPASSWORD, PGDATABASE   as libpq reads them
                         (default: localhost, 5432, postgres, postgres, postgres); the user is a
                         member of login_analyst, or a superuser
  DBT_SCHEMA             schema that dbt publishes to (default: public)
  DBT_TARGET_PATH        directory that dbt writes to (default: target)

exit codes:
  0  both pages are written
  1  Postgres is out of reach: run again
  2  a setting or an argument is wrong, or dbt has not run yet
  3  credentials or a right are missing"""

SITE = Path("site")


def main(arguments: list[str] | None = None) -> int:
    """Write the site and return an exit code of the loader."""
    parser = argparse.ArgumentParser(
        prog="python -m report",
        description=DESCRIPTION,
        epilog=EPILOG,
        formatter_class=argparse.RawDescriptionHelpFormatter,
    )
    parser.add_argument(
        "--output",
        type=Path,
        default=SITE,
        metavar="DIRECTORY",
        help="where to write them (default: site)",
    )
    parser.add_argument("--version", action="version", version=__version__)
    output: Path = parser.parse_args(arguments).output
    target = Path(os.environ.get("DBT_TARGET_PATH") or "target")
    try:
        output.mkdir(parents=True, exist_ok=True)
        copy_documentation(target, output)
        schema = published_schema(os.environ)
        with connect(postgres_settings(os.environ)) as connection:
            figures = read_figures(connection, schema)
        page = render(figures, read_test_results(target))
        (output / "report.html").write_text(page, "utf-8")
    except LoaderError as error:
        print(f"report: {error}", file=sys.stderr)
        return error.exit_code
    except OSError as error:
        print(f"report: cannot write {error.filename}: {error.strerror}", file=sys.stderr)
        return ExitCode.CONFIGURATION
    print(f"wrote {output / 'index.html'} and {output / 'report.html'}")
    return 0


if __name__ == "__main__":
    sys.exit(main())
