"""Figures of a run: for the last line, the progress bar and the metrics."""

from collections import Counter
from dataclasses import dataclass, field
from datetime import datetime, timezone

# US dollars, standard queues in us-east-1 (https://aws.amazon.com/sqs/pricing/, 2026)
PRICE_PER_MILLION_REQUESTS = 0.40

COUNTS = {
    "received": "Messages received, also redelivered ones",
    "landed": "Messages landed in raw.raw_logins",
    "already_there": "Redelivered messages that had landed",
    "quarantined": "Messages that are quarantined",
    "deleted": "Messages that SQS confirmed as deleted",
    "requests": "Requests to SQS",
}
"""What is counted. `landing.land` returns the first four."""


@dataclass
class Summary:
    """What a run has done up to now."""

    failures: Counter[str]  # by kind, also those that passed
    counts: Counter[str] = field(default_factory=Counter)  # by the names of COUNTS
    seconds: float = 0.0
    landings: int = 0
    landing_seconds: float = 0.0  # of all landings together
    oldest_age_seconds: float = 0.0  # of the oldest message of the latest landing
    in_flight: int = 0  # messages received and not yet deleted
    backlog: int = 0  # messages that wait in the queue, as it counts them now and then

    def add(self, receipt: dict[str, int], seconds: float, oldest_sent_at: datetime | None) -> None:
        """Add a landing."""
        self.counts.update(receipt)
        self.landings += 1
        self.landing_seconds += seconds
        if oldest_sent_at:
            age = datetime.now(timezone.utc) - oldest_sent_at
            self.oldest_age_seconds = age.total_seconds()

    def figures(self) -> dict[str, float]:
        """Return the figures of the last line by name."""
        return {name: self.counts[name] for name in COUNTS} | {"seconds": round(self.seconds, 3)}

    def __str__(self) -> str:
        requests, received = self.counts["requests"], self.counts["received"]
        each = requests / max(1, received)
        dollars = each * PRICE_PER_MILLION_REQUESTS
        cost = f" ({each:.3g} a message, ${dollars:.2f} per million messages)" if received else ""
        names = [name for name in COUNTS if name != "requests"]
        done = ", ".join(f"{name.replace('_', ' ')} {self.counts[name]}" for name in names)
        rate = received / max(self.seconds, 0.001)
        return f"{done}; {requests} requests{cost}; {rate:.0f} messages/s"
