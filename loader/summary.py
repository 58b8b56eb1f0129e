"""Figures of a run: for the last line, the progress bar and the metrics."""

from collections import Counter
from dataclasses import dataclass, field
from datetime import datetime, timezone

from loader.landing import Receipt

# US dollars, standard queues in us-east-1 (https://aws.amazon.com/sqs/pricing/, 2026)
PRICE_PER_MILLION_REQUESTS = 0.40


@dataclass
class Summary:
    """What a run has done up to now."""

    failures: Counter[str]  # by kind, also those that passed
    receipt: Receipt = field(default_factory=Receipt)
    deleted: int = 0
    requests: int = 0
    seconds: float = 0.0
    landings: int = 0
    landing_seconds: float = 0.0  # of all landings together
    oldest_age_seconds: float = 0.0  # of the oldest message of the latest landing
    in_flight: int = 0  # messages received and not yet deleted
    backlog: int = 0  # messages that wait in the queue, as it counts them now and then

    def add(self, receipt: Receipt, seconds: float, oldest_sent_at: datetime | None) -> None:
        """Add a landing."""
        self.receipt += receipt
        self.landings += 1
        self.landing_seconds += seconds
        if oldest_sent_at:
            age = datetime.now(timezone.utc) - oldest_sent_at
            self.oldest_age_seconds = age.total_seconds()

    def figures(self) -> dict[str, float]:
        """Return the figures of the last line by name."""
        mine = {"deleted": self.deleted, "requests": self.requests}
        return vars(self.receipt) | mine | {"seconds": round(self.seconds, 3)}

    def __str__(self) -> str:
        receipt, each = self.receipt, self.requests / max(1, self.receipt.received)
        dollars = each * PRICE_PER_MILLION_REQUESTS
        cost = f" ({each:.3g} a message, ${dollars:.2f} per million messages)"
        return (
            f"received {receipt.received}, landed {receipt.landed}, "
            f"already there {receipt.already_there}, quarantined {receipt.quarantined}, "
            f"deleted {self.deleted}; {self.requests} requests{cost if receipt.received else ''}; "
            f"{receipt.received / max(self.seconds, 0.001):.0f} messages/s"
        )
