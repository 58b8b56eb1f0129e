"""Keeps the servers for as long as standard input is open: `python -m sandbox.keeper FILE`.

Prints one line of JSON when they are ready, or with an error. Whoever started it holds the other
end of standard input, and the kernel closes that however its holder dies.
"""

import json
import shutil
import signal
import sys
import tempfile
from contextlib import ExitStack
from pathlib import Path

from sandbox import SandboxError
from sandbox.postgres import postgres
from sandbox.sqs import sqs


def main() -> None:
    """Start, tell, wait, stop."""
    messages = Path(sys.argv[1])
    signal.signal(signal.SIGTERM, lambda *_: sys.exit(1))  # clean up on the way out
    directory = Path(tempfile.mkdtemp(prefix="sandbox-"))
    try:
        with ExitStack() as servers:
            settings = {
                **servers.enter_context(postgres(directory)),
                **servers.enter_context(sqs(directory, messages)),
                "SANDBOX_LOGS": str(directory),
            }
            print(json.dumps(settings), flush=True)
            sys.stdin.read()
    except BrokenPipeError:
        pass  # nobody is there any more to be told
    except (SandboxError, OSError) as error:
        print(json.dumps({"error": str(error)}), flush=True)
    finally:
        shutil.rmtree(directory, ignore_errors=True)


if __name__ == "__main__":
    main()
