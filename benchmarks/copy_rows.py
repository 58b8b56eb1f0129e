"""A yardstick: COPY of as many rows into the same table, with no queue.

Prints the seconds from the first row to the commit.
"""

import argparse
import hashlib
import time
from uuid import uuid4

import psycopg

from sandbox.fake_sqs.bodies import bodies

COLUMNS = "message_id, body, receive_count, attributes, body_md5, load_id"


def main() -> None:
    """Make the rows, then copy them."""
    parser = argparse.ArgumentParser(prog="python -m benchmarks.copy_rows", description=__doc__)
    parser.add_argument("rows", type=int)
    options = parser.parse_args()
    load_id = uuid4()
    rows = [
        (
            str(uuid4()),
            body,
            1,
            '{"ApproximateReceiveCount": "1", "message": {}}',
            hashlib.md5(body.encode(), usedforsecurity=False).hexdigest(),
            load_id,
        )
        for body in bodies(options.rows)
    ]
    with psycopg.connect() as connection:
        began = time.monotonic()
        with connection.cursor().copy(f"copy raw.raw_logins ({COLUMNS}) from stdin") as copy:
            for row in rows:
                copy.write_row(row)
        connection.commit()
        print(time.monotonic() - began)


if __name__ == "__main__":
    main()
