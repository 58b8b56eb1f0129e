"""Land SQS messages in Postgres exactly as they are, each exactly once.

`sqs` receives a message, `rounds` takes it from there, `landing` makes it a row.
"""

import logging

log = logging.getLogger("loader")
