"""Figures of a run: for the last line, the progress bar and the metrics."""

from collections import Counter
from dataclasses import dataclass, field

from loader.landing import Receipt

PRICE_PER_MILLION_REQUESTS = 0.40
"""US dollars, standard queues in us-east-1 (https://aws.amazon.com/sqs/pricing/, 2026)."""


@dataclass
class Summary:
    """What a run has done up to now."""

    receipt: Receipt = field(default_factory=Receipt)
    deleted: int = 0
    requests: int = 0
    seconds: float = 0.0
    failures: Counter[str] = field(default_factory=Counter)
    """By kind, also those that passed."""
    landings: int = 0
    landing_seconds: float = 0.0
    """Of all landings together."""
    oldest_age_seconds: float = 0.0
    """Age of the oldest message of the latest landing."""
    in_flight: int = 0
    """Messages received and not yet deleted."""
    backlog: int = 0
    """Messages that wait in the queue, as it counts them."""

    def add(self, receipt: Receipt, seconds: float) -> None:
        """Add a landing."""
        self.receipt += receipt
        self.landings += 1
        self.landing_seconds += seconds

    def figures(self) -> dict[str, float]:
        """Return the figures of the last line by name."""
        return {
            **vars(self.receipt),
            "deleted": self.deleted,
            "requests": self.requests,
            "seconds": round(self.seconds, 3),
        }

    def __str__(self) -> str:
        received = self.receipt.received
        line = (
            f"received {received}, landed {self.receipt.landed}, "
            f"already there {self.receipt.already_there}, "
            f"quarantined {self.receipt.quarantined}, deleted {self.deleted}; "
            f"{self.requests} requests"
        )
        if received:
            each = self.requests / received
            dollars = each * PRICE_PER_MILLION_REQUESTS
            line += f" ({each:.3g} a message, ${dollars:.2f} per million messages)"
        return f"{line}; {received / max(self.seconds, 0.001):.0f} messages/s"
