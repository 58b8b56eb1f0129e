"""The script of the report, with Vega-Lite around it, in one piece.

`python -m report.script` makes it once and for all: an image needs no 86 MB of vl-convert then.
"""

from functools import cache
from importlib import import_module
from pathlib import Path

PAGE = Path(__file__).parent / "page"
MADE = PAGE / "bundle.js"


@cache
def script() -> str:
    """Return the script: the one that was made, or else a new one."""
    return MADE.read_text("utf-8") if MADE.exists() else _make()


def _make() -> str:
    ours = (PAGE / "report.js").read_text("utf-8")
    return str(import_module("vl_convert").javascript_bundle(ours))


if __name__ == "__main__":
    MADE.write_text(_make(), "utf-8")
