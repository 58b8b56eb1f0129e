"""Health of a container: `python -m deploy.health PID`, where PID is that of its command.

A loader with `--metrics-port` says itself whether it lands (loader/metrics.py). Any other command
is healthy as long as it runs.
"""

import sys
from pathlib import Path
from urllib.error import URLError
from urllib.request import urlopen


def main(pid: str) -> int:
    """Return 0 if the process is healthy, else 1."""
    words = Path(f"/proc/{pid}/cmdline").read_text("utf-8").replace("=", "\0").split("\0")
    if "--metrics-port" not in words:
        return 0
    port = words[words.index("--metrics-port") + 1]
    try:
        urlopen(f"http://localhost:{port}/healthz", timeout=4).close()  # nosec B310
    except (URLError, OSError) as error:
        print(f"/healthz: {error}")
        return 1
    return 0


if __name__ == "__main__":
    sys.exit(main(sys.argv[1]))
