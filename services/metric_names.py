"""Every metric that Ashiato exposes, declared here and nowhere else; docs/reference/metrics.md is made from this list.

Names end in their unit, counters in ``_total``. Labels hold names of our own things only (topics, rules, stages, log
sources of the register, producers of the producers file): their values are as many as an operator has configured, and
none of them says anything of a person. What few may see (`schemas.findings.RESTRICTED`) is not counted by rule.
"""

from __future__ import annotations

from dataclasses import dataclass
from typing import Final, Literal

Kind = Literal["counter", "gauge", "histogram"]

_SECONDS: Final = (0.001, 0.0025, 0.005, 0.01, 0.025, 0.05, 0.1, 0.25, 0.5, 1.0, 2.5, 5.0, 10.0, 30.0)
_MESSAGES: Final = (1.0, 10.0, 100.0, 500.0, 1_000.0, 2_000.0, 5_000.0, 10_000.0, 20_000.0, 50_000.0, 100_000.0)


@dataclass(frozen=True, slots=True)
class Metric:
    """One metric.

    Attributes:
        name: as Prometheus knows it.
        kind: what it does.
        says: one sentence for people.
        labels: names of its labels.
        of: which processes have it.
        buckets: upper bounds, of a histogram.
    """

    name: str
    kind: Kind
    says: str
    labels: tuple[str, ...] = ()
    of: Literal["recorder", "gateway", "all"] = "recorder"
    buckets: tuple[float, ...] = ()


# How far behind: the end of the log minus what is recorded, told each second; batches under way are not recorded yet.
LAG = Metric(
    "ashiato_lag_messages", "gauge", "Messages of a partition that are not recorded yet.", ("source", "partition")
)
# Zero on a recorder that waits for others to let go; the sum over all recorders is the number of partitions.
PARTITIONS = Metric("ashiato_partitions", "gauge", "Partitions that this recorder reads.")
# What came in. `increase` of it and of the gateway's events should agree.
MESSAGES = Metric("ashiato_messages_total", "counter", "Messages recorded, dead letters included.", ("source",))
EVENTS = Metric("ashiato_events_total", "counter", "Events recorded.", ("source",))
# A reason that no contract knows is counted as `other`.
DEAD_LETTERS = Metric(
    "ashiato_dead_letters_total", "counter", "What could not be read, by reason.", ("source", "reason")
)
# Without the rules that few may see: their findings are in no metric.
FINDINGS = Metric("ashiato_findings_total", "counter", "Findings recorded, by rule.", ("rule", "level"))
# Its rate over that of ashiato_events_total is the ratio of what the register does not know.
UNKNOWN = Metric(
    "ashiato_unknown_events_total", "counter", "Events whose asset, category or party is unknown.", ("what",)
)
# Small batches at full speed mean that batch_ms is too short or that there are too many partitions.
BATCH = Metric("ashiato_batch_messages", "histogram", "Messages of a batch.", buckets=_MESSAGES)
# Where the time goes: read, pipeline, rows, publish, ranges, commit; and review, a whole identity review.
STAGE = Metric(
    "ashiato_stage_seconds", "histogram", "Time that a stage of one batch took.", ("stage",), buckets=_SECONDS
)
# Rises while store or log are away; nothing is lost, the lag grows.
RETRIES = Metric(
    "ashiato_retries_total", "counter", "Steps that were tried again, by what was away.", ("stage", "away")
)
# time() minus this is the age of the last range; with a lag above zero it must stay small.
LAST_RANGE = Metric(
    "ashiato_last_range_timestamp_seconds", "gauge", "When the last range was recorded.", ("source", "partition")
)
# time() - max by (log_source) of this, against the expected interval, finds silent sources over all recorders.
LOG_SOURCE_SEEN = Metric(
    "ashiato_log_source_seen_timestamp_seconds", "gauge",
    "When this recorder last recorded an event of a log source of the register.", ("log_source",),
)  # fmt: skip
LOG_SOURCE_EXPECTED = Metric(
    "ashiato_log_source_expected_seconds", "gauge",
    "Longest silence of a log source that the register expects.", ("log_source",),
)  # fmt: skip
# As this process sees it; where several recorders share the partitions, use the two above.
SILENT = Metric(
    "ashiato_silent_log_sources", "gauge", "Log sources of the register that this recorder heard too long nothing of."
)
# Which versions judge now; 1 on the present one.
VERSIONS = Metric(
    "ashiato_versions_info", "gauge", "Versions in use, by the first 12 digits of their SHA-256.",
    ("register", "rulebook", "interpretations", "program"),
)  # fmt: skip
# What was changed while running.
RELOADS = Metric(
    "ashiato_reloads_total", "counter", "Changes of register, rulebook, interpretations or producers, by outcome.",
    ("what", "outcome"), of="all",
)  # fmt: skip
# 1 means: what is on disk is refused, an older version is in use, and the log says why.
REFUSED = Metric(
    "ashiato_reload_refused", "gauge", "Whether the files on disk are refused at present.", ("what",), of="all"
)
# A producer that is not known has an empty name.
REQUESTS = Metric(
    "ashiato_gateway_requests_total", "counter", "Requests answered, by status and kind of problem.",
    ("producer", "status", "problem"), of="gateway",
)  # fmt: skip
ACCEPTED = Metric(
    "ashiato_gateway_events_total", "counter", "Events that are durable and acknowledged.", ("producer",), of="gateway"
)
RECEIVED = Metric("ashiato_gateway_bytes_total", "counter", "Bytes of bodies read.", ("producer",), of="gateway")
REQUEST_SECONDS = Metric(
    "ashiato_gateway_request_seconds", "histogram", "From a request's head to its answer.", of="gateway",
    buckets=_SECONDS,
)  # fmt: skip
PENDING = Metric(
    "ashiato_gateway_pending_bytes", "gauge", "Bytes of requests that are read or not durable yet.", of="gateway"
)
# 1 means: the process takes part; what /readyz says, for dashboards.
READY = Metric("ashiato_ready", "gauge", "Whether a check of readiness holds.", ("check",), of="all")

METRICS: Final[tuple[Metric, ...]] = tuple(value for value in dict(globals()).values() if isinstance(value, Metric))
"""All of them, in the order above."""
