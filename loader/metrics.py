"""Prometheus metrics of a loader that follows its queue, and whether it is healthy."""

import time
from collections import Counter
from collections.abc import Iterable, Iterator
from dataclasses import replace
from threading import Thread
from typing import Any
from wsgiref.simple_server import WSGIRequestHandler, make_server

from prometheus_client import CollectorRegistry, core, make_wsgi_app
from prometheus_client.exposition import ThreadingWSGIServer

from common.errors import ExitCode, LoaderError
from loader.summary import COUNTS, Summary

# A loader that shows no progress for so long is stuck. An idle one polls every few seconds.
HEALTHY_SECONDS = 30


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
            server = make_server("", port, answer, ThreadingWSGIServer, _Silent)
        except (OSError, OverflowError) as error:
            said = f"--metrics-port {port}: {error}: name another"
            raise LoaderError(ExitCode.CONFIGURATION, said) from None
        Thread(target=server.serve_forever, daemon=True).start()


class _Silent(WSGIRequestHandler):
    """Does not log every scrape, nor wait for a client that sends nothing."""

    timeout = 5

    def log_message(self, *_: object) -> None:
        pass
