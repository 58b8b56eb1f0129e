"""A zip archive that depends on the files in it alone: `python deploy/archive.py DIRECTORY FILE`.

Names are sorted, and times and permissions are fixed: `zip` takes those of the files.
"""

import sys
from pathlib import Path
from zipfile import ZIP_DEFLATED, ZipFile, ZipInfo

READABLE = 0o100644 << 16
"""Lambda runs as a user of its own: every file is readable."""


def archive(directory: Path, file: Path) -> None:
    """Write all files of a directory to an archive, which is replaced."""
    with ZipFile(file, "w", ZIP_DEFLATED) as made:
        files = {
            p.relative_to(directory).as_posix(): p for p in directory.rglob("*") if p.is_file()
        }
        for name, path in sorted(files.items()):
            entry = ZipInfo(name)  # of 1980, as no time is given
            entry.external_attr = READABLE
            entry.compress_type = ZIP_DEFLATED
            made.writestr(entry, path.read_bytes())


if __name__ == "__main__":
    archive(Path(sys.argv[1]), Path(sys.argv[2]))
