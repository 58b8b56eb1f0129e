"""Figures of a run: for the last line, the progress bar, Prometheus and a health check."""

import time
from collections import Counter
from collections.abc import Iterable, Iterator
from dataclasses import dataclass, field, replace
from datetime import datetime, timezone
from typing import Any

from prometheus_client import CollectorRegistry, core, make_wsgi_app, start_http_server

from common.errors import ExitCode, LoaderError

HEALTHY_SECONDS = 30  # without progress; an idle loader polls every few seconds
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
    counts: Counter[str] = field(default_factory=lambda: Counter(dict.fromkeys(COUNTS, 0)))
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
            self.oldest_age_seconds = (datetime.now(timezone.utc) - oldest_sent_at).total_seconds()

    def __str__(self) -> str:
        requests, received = self.counts["requests"], self.counts["received"]
        each = requests / max(1, received)
        dollars = each * PRICE_PER_MILLION_REQUESTS
        cost = f" ({each:.3g} a message, ${dollars:.2f} per million messages)" if received else ""
        names = [name for name in COUNTS if name != "requests"]
        done = ", ".join(f"{name.replace('_', ' ')} {self.counts[name]}" for name in names)
        rate = received / max(self.seconds, 0.001)
        return f"{done}; {requests} requests{cost}; {rate:.0f} messages/s"


class Metrics:
    """Serves /metrics and /healthz. /healthz is 503 while messages wait and none can land."""

    def __init__(self) -> None:
        self._summary = Summary(Counter())
        self._shown_at = self._progressed_at = time.monotonic()

    def show(self, summary: Summary) -> None:
        """Take note of what the run has done up to now."""
        self._shown_at = time.monotonic()
        waits = summary.in_flight or summary.backlog
        if summary.landings > self._summary.landings or not waits:
            self._progressed_at = self._shown_at
        # A scrape sees the figures of one moment, but failures as they happen.
        self._summary = replace(summary, counts=summary.counts.copy())

    @property
    def is_healthy(self) -> bool:
        """Whether the run goes on, and lands the messages that there are."""
        now = time.monotonic()
        return now - self._shown_at < HEALTHY_SECONDS > now - self._progressed_at

    def collect(self) -> Iterator[core.Metric]:
        """Yield the metrics; prometheus_client calls this for every scrape."""
        now = self._summary
        counter = core.CounterMetricFamily
        failures = counter("loader_failures", "Failures, also those that passed", labels=["kind"])
        for kind, count in now.failures.copy().items():
            failures.add_metric([kind], count)
        yield failures
        for name, text in COUNTS.items():
            metric = "known" if name == "already_there" else name
            yield counter(f"loader_{metric}", text, value=now.counts[name])
        seconds = "Seconds that landings took"
        yield core.SummaryMetricFamily(
            "loader_chunk_seconds", seconds, now.landings, now.landing_seconds
        )
        for name, text, value in (
            ("oldest_message_age_seconds", "Of the last landing", now.oldest_age_seconds),
            ("in_flight", "Messages received and not yet deleted", now.in_flight),
            ("backlog", "Messages that wait in the queue", now.backlog),
        ):
            yield core.GaugeMetricFamily(f"loader_{name}", text, value)

    def serve(self, port: int) -> None:
        """Answer on `port` of all interfaces. Raises LoaderError if it is taken."""
        registry = CollectorRegistry()
        registry.register(self)
        metrics = make_wsgi_app(registry)

        def answer(environment: dict[str, Any], respond: Any) -> Iterable[bytes]:
            if environment["PATH_INFO"] != "/healthz":
                return list(metrics(environment, respond))
            status, text = ("200 OK", b"ok\n") if self.is_healthy else ("503 Stuck", b"stuck\n")
            respond(status, [("Content-Type", "text/plain")])
            return [text]

        try:
            server, _ = start_http_server(port, registry=registry)
        except (OSError, OverflowError) as error:
            said = f"--metrics-port {port}: {error}: name another"
            raise LoaderError(ExitCode.CONFIGURATION, said) from None
        server.set_app(answer)
