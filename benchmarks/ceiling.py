"""A yardstick: receive and delete with the loader's own client, and no database.

No loader that receives with this client can be faster.
"""

import argparse
import os
from concurrent.futures import ThreadPoolExecutor

from loader.settings import queue_settings
from loader.sqs import Queue, open_queue
from loader.stop import Patience, Stop

HIDE_SECONDS = 30


def drain(threads: int) -> None:
    """Drain the queue with so many threads, each of which deletes what it received."""
    queue = open_queue(queue_settings(os.environ), Patience(60, Stop()))
    with ThreadPoolExecutor(threads) as pool:
        for drained in [pool.submit(_receive_and_delete, queue) for _ in range(threads)]:
            drained.result()


def _receive_and_delete(queue: Queue) -> None:
    while messages := queue.receive(0, HIDE_SECONDS):
        queue.delete({message.message_id: message.receipt_handle for message in messages})


def main() -> None:
    """Drain the queue with so many threads."""
    parser = argparse.ArgumentParser(prog="python -m benchmarks.ceiling", description=__doc__)
    parser.add_argument("--threads", type=int, default=1, help="default: 1")
    drain(parser.parse_args().threads)


if __name__ == "__main__":
    main()
