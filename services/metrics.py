"""Metrics: an observer of the recorder and of the gateway that counts for Prometheus; names in `metric_names`."""

from __future__ import annotations

import datetime as dt
import time
from collections import Counter as Counts
from collections.abc import Callable, Iterator, Mapping, Sequence
from contextlib import contextmanager
from typing import Final

import polars as pl
from prometheus_client import (
    CollectorRegistry,
    Counter,
    Gauge,
    Histogram,
    ProcessCollector,
    disable_created_metrics,
    generate_latest,
)

from schemas.errors import AshiatoError, StoreError
from schemas.findings import RESTRICTED
from schemas.records import Versions
from services import metric_names as names
from services.handled import Handled
from services.log import Partition
from services.metric_names import METRICS, Metric
from services.observer import Observer
from services.recording import Prepared
from services.silence import Silence
from streams.verdicts import REASONS

# They double the series and say nothing that a rate does not.
disable_created_metrics()  # type: ignore[no-untyped-call]
CONTENT_TYPE: Final = "text/plain; version=0.0.4; charset=utf-8"
_SHORT: Final = 12
_OTHER: Final = "other"

# How keys of what the register does not know begin: `schemas.facts`.
_UNKNOWN_OF: Final = {
    "asset": pl.col("asset.key").str.starts_with("unregistered:"),
    "category": pl.col("asset.category").is_null(),
    "party": pl.col("party.key").str.starts_with("unknown:"),
}


class Metrics(Observer):
    """All metrics of one process, in a registry of their own.

    Args:
        now: the clock, UTC.
        monotonic: seconds that never go back, for durations.
        process: add CPU, memory and open files of the process.
    """

    def __init__(
        self,
        now: Callable[[], dt.datetime],
        monotonic: Callable[[], float] = time.perf_counter,
        *,
        process: bool = True,
    ) -> None:
        self._registry = CollectorRegistry()
        self._monotonic = monotonic
        self.silence = Silence(now)
        self._counters: dict[Metric, Counter] = {}
        self._gauges: dict[Metric, Gauge] = {}
        self._histograms: dict[Metric, Histogram] = {}
        for one in METRICS:
            self._declare(one)
        self._gauges[names.SILENT].set_function(lambda: len(self.silence.silent()))
        if process:
            ProcessCollector(registry=self._registry)

    def _declare(self, one: Metric) -> None:
        if one.kind == "counter":
            self._counters[one] = Counter(one.name, one.says, one.labels, registry=self._registry)
        elif one.kind == "gauge":
            self._gauges[one] = Gauge(one.name, one.says, one.labels, registry=self._registry)
        else:
            self._histograms[one] = Histogram(
                one.name, one.says, one.labels, buckets=one.buckets, registry=self._registry
            )

    def text(self) -> bytes:
        """Return everything in Prometheus' text format."""
        self._log_sources()
        return generate_latest(self._registry)

    # What the recorder tells

    def assigned(self, partitions: Sequence[Partition]) -> None:
        """Count partitions; those of others are theirs to report."""
        self._gauges[names.PARTITIONS].set(len(partitions))
        if not partitions:
            self._gauges[names.LAG].clear()
            self._gauges[names.LAST_RANGE].clear()

    def recorded(self, prepared: Sequence[Prepared]) -> None:
        """Count what is in batches."""
        for one in prepared:
            of = one.range
            self._counters[names.MESSAGES].labels(of.source).inc(of.messages)
            self._counters[names.EVENTS].labels(of.source).inc(of.events)
            self._histograms[names.BATCH].observe(of.messages)
            self._gauges[names.LAST_RANGE].labels(of.source, of.partition).set(of.recorded_at.timestamp())
            self._dead_letters(of.source, one)
            self._findings(one)
            self._events(one)

    def reviewed(self, prepared: Prepared) -> None:
        """Count findings of the identity review."""
        self._findings(prepared)

    def lag(self, partition: Partition, messages: int) -> None:
        """Tell how far behind a partition is."""
        self._gauges[names.LAG].labels(partition.source, partition.number).set(messages)

    def retried(self, stage: str, error: AshiatoError, wait: float) -> None:  # noqa: ARG002  (it is in the log)
        """Count attempts."""
        away = "store" if isinstance(error, StoreError) else "log"
        self._counters[names.RETRIES].labels(stage, away).inc()

    @contextmanager
    def timed(self, stage: str) -> Iterator[None]:
        """Measure a stage."""
        began = self._monotonic()
        try:
            yield
        finally:
            self._histograms[names.STAGE].labels(stage).observe(self._monotonic() - began)

    def _dead_letters(self, source: str, one: Prepared) -> None:
        if not one.range.dead_letters:
            return
        found = Counts(reason if reason in REASONS else _OTHER for reason in one.recorded.dead_letters["reason"])
        for reason, count in found.items():
            self._counters[names.DEAD_LETTERS].labels(source, reason).inc(count)

    def _findings(self, one: Prepared) -> None:
        for rule, level, count in one.recorded.findings.group_by("rule", "level").len().iter_rows():
            if rule not in RESTRICTED:
                self._counters[names.FINDINGS].labels(rule, level).inc(count)

    def _events(self, one: Prepared) -> None:
        events = one.recorded.evidence.filter(pl.col("kind") == "event")
        self.silence.hear(events["event.source"].unique())
        unknown = events.select(is_so.sum().alias(what) for what, is_so in _UNKNOWN_OF.items())
        for what, count in zip(unknown.columns, unknown.row(0), strict=True):
            self._counters[names.UNKNOWN].labels(what).inc(count)

    # What the gateway tells

    def handled(self, one: Handled) -> None:
        """Count a request."""
        self._counters[names.REQUESTS].labels(one.producer, one.status, one.problem).inc()
        self._counters[names.ACCEPTED].labels(one.producer).inc(one.events)
        self._counters[names.RECEIVED].labels(one.producer).inc(one.bytes)
        self._histograms[names.REQUEST_SECONDS].observe(one.seconds)

    def pending(self, count: Callable[[], int]) -> None:
        """Ask ``count`` for the gateway's pending bytes at each scrape."""
        self._gauges[names.PENDING].set_function(count)

    # What the process tells

    def judged_with(self, versions: Versions) -> None:
        """Tell which versions are in use."""
        info = self._gauges[names.VERSIONS]
        info.clear()
        shas = versions.register_sha256, versions.rulebook_sha256, versions.interpretations_sha256
        info.labels(*(sha[:_SHORT] for sha in shas), versions.program).set(1)

    def reloaded(self, what: str, *, good: bool) -> None:
        """Count a change of register, rulebook or interpretations that was taken or refused."""
        self._counters[names.RELOADS].labels(what, "loaded" if good else "refused").inc()
        self._gauges[names.REFUSED].labels(what).set(0 if good else 1)

    def ready(self, checks: Mapping[str, str]) -> None:
        """Tell what a look at readiness said: name of each check and why it does not hold, empty if it does."""
        for check, why in checks.items():
            self._gauges[names.READY].labels(check).set(0 if why else 1)

    def _log_sources(self) -> None:
        """Write the log sources anew: the register may have changed."""
        seen, expected = self._gauges[names.LOG_SOURCE_SEEN], self._gauges[names.LOG_SOURCE_EXPECTED]
        seen.clear()
        expected.clear()
        for source, longest in self.silence.expected.items():
            expected.labels(source).set(longest.total_seconds())
            seen.labels(source).set(self.silence.heard[source].timestamp())
