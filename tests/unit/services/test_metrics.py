"""Metrics: what a scrape shows after what happened."""

import datetime as dt
import json
from collections.abc import Iterable
from dataclasses import replace

import pytest
from prometheus_client.parser import text_string_to_metric_families

from schemas.errors import LogAwayError, StoreAwayError
from schemas.findings import RESTRICTED
from services.context import builtin_rulebook
from services.handled import Handled
from services.log import Partition
from services.metric_names import METRICS
from services.metrics import Metrics
from services.recording import Prepared, range_of
from streams.batch import RawBatch
from streams.pipeline import run
from tests.support.stores import NOW, context, event

TOPIC = "kafka:audit.events"


@pytest.fixture
def metrics() -> Metrics:
    ticks = iter(float(second) for second in range(1_000))
    return Metrics(lambda: NOW, lambda: next(ticks), process=False)


def prepared(messages: Iterable[bytes]) -> Prepared:
    values = list(messages)
    batch = RawBatch(TOPIC, 3, "native", list(range(len(values))), values, 0, len(values) - 1)
    recorded = run(batch, context())
    return Prepared(recorded, range_of(batch, recorded, context(), name="r", now=NOW))


def shown(metrics: Metrics) -> dict[str, dict[tuple[str, ...], float]]:
    """Return every sample of a scrape: name → label values in the declared order → value; buckets are left out."""
    labels = {one.name.removesuffix("_total"): one.labels for one in METRICS}
    found: dict[str, dict[tuple[str, ...], float]] = {}
    for family in text_string_to_metric_families(metrics.text().decode()):
        for sample in (one for one in family.samples if "le" not in one.labels):
            key = tuple(sample.labels[label] for label in labels[family.name])
            found.setdefault(sample.name, {})[key] = sample.value
    return found


def test_a_scrape_of_a_new_process_is_the_declared_metrics_and_nothing_else(metrics: Metrics) -> None:
    names = {family.name for family in text_string_to_metric_families(metrics.text().decode())}
    assert names == {one.name.removesuffix("_total") for one in METRICS}


def test_names_are_unique_and_say_their_unit() -> None:
    names = [one.name for one in METRICS]
    assert len(set(names)) == len(names)
    assert all(one.name.startswith("ashiato_") for one in METRICS)
    assert all(one.name.endswith("_total") == (one.kind == "counter") for one in METRICS)
    assert all(bool(one.buckets) == (one.kind == "histogram") for one in METRICS)


def test_a_batch_is_counted_by_source_reason_rule_and_what_is_unknown(metrics: Metrics) -> None:
    good = [json.dumps(event(number)).encode() for number in range(4)]
    metrics.recorded([prepared([*good, b"no json", b"[]", b""])])

    found = shown(metrics)
    assert found["ashiato_messages_total"] == {(TOPIC,): 7}
    assert found["ashiato_events_total"] == {(TOPIC,): 4}
    assert found["ashiato_dead_letters_total"][TOPIC, "invalid-json"] == 1
    assert found["ashiato_dead_letters_total"][TOPIC, "empty"] == 1
    assert sum(found["ashiato_dead_letters_total"].values()) == 3
    assert found["ashiato_findings_total"]["UNKNOWN-ASSET", "medium"] == 4
    assert found["ashiato_unknown_events_total"] == {("asset",): 4, ("category",): 4, ("party",): 4}
    assert found["ashiato_batch_messages_sum"] == {(): 7}
    assert found["ashiato_last_range_timestamp_seconds"] == {(TOPIC, "3"): NOW.timestamp()}


def test_findings_that_few_may_see_are_in_no_metric(metrics: Metrics) -> None:
    one = prepared([json.dumps(event(1)).encode()])
    before = one.recorded.findings
    for rule in RESTRICTED:
        few = before.with_columns(rule=before["rule"].replace(before["rule"][0], rule))
        metrics.recorded([Prepared(replace(one.recorded, findings=few), one.range)])
        assert rule not in metrics.text().decode()
    assert set(shown(metrics)["ashiato_findings_total"]) == {
        pair for pair in before.select("rule", "level").iter_rows() if pair[0] != before["rule"][0]
    }


def test_every_restricted_rule_is_a_rule() -> None:
    assert all(builtin_rulebook().get(rule) for rule in RESTRICTED)


def test_nothing_of_an_event_is_in_a_metric(metrics: Metrics) -> None:
    said = event(1, purpose="secret-purpose", ticket="T-1", actor={"issuer": "idp", "subject": "taro@example"})
    metrics.recorded([prepared([json.dumps(said).encode(), b'{"taro": ']), prepared([b"hanako"])])
    text = metrics.text().decode()
    for personal in ("taro", "hanako", "secret-purpose", "T-1", "192.0.2", "db/crm", "user-", "u1"):
        assert personal not in text


def test_retries_tell_store_and_log_apart(metrics: Metrics) -> None:
    metrics.retried("rows", StoreAwayError("away"), 1.0)
    metrics.retried("rows", StoreAwayError("away"), 2.0)
    metrics.retried("publish", LogAwayError("away"), 1.0)
    assert shown(metrics)["ashiato_retries_total"] == {("rows", "store"): 2, ("publish", "log"): 1}


def test_a_stage_is_measured_also_when_it_fails(metrics: Metrics) -> None:
    with metrics.timed("rows"):
        pass
    with pytest.raises(ValueError, match="x"), metrics.timed("rows"):
        raise ValueError("x")
    assert shown(metrics)["ashiato_stage_seconds_count"] == {("rows",): 2}
    assert shown(metrics)["ashiato_stage_seconds_sum"] == {("rows",): 2}


def test_partitions_that_were_let_go_are_not_reported_any_more(metrics: Metrics) -> None:
    metrics.assigned([Partition(TOPIC, 0, "native"), Partition(TOPIC, 1, "native")])
    metrics.lag(Partition(TOPIC, 0, "native"), 17)
    assert shown(metrics)["ashiato_lag_messages"] == {(TOPIC, "0"): 17}
    assert shown(metrics)["ashiato_partitions"] == {(): 2}
    metrics.assigned(())
    assert "ashiato_lag_messages" not in shown(metrics)
    assert shown(metrics)["ashiato_partitions"] == {(): 0}


def test_requests_are_counted_by_producer_status_and_problem(metrics: Metrics) -> None:
    metrics.handled(Handled("crm", 202, "", 5, 900, 0.01))
    metrics.handled(Handled("", 401, "not-authenticated", 0, 0, 0.01))
    metrics.pending(lambda: 77)
    found = shown(metrics)
    assert found["ashiato_gateway_requests_total"] == {("crm", "202", ""): 1, ("", "401", "not-authenticated"): 1}
    assert found["ashiato_gateway_events_total"]["crm",] == 5
    assert found["ashiato_gateway_pending_bytes"] == {(): 77}


def test_a_silent_log_source_is_counted_and_its_times_are_shown() -> None:
    now = [NOW]
    metrics = Metrics(lambda: now[0], process=False)
    metrics.silence.expect({"urn:app": dt.timedelta(minutes=15), "urn:hr": dt.timedelta(minutes=60)}, {})
    now[0] += dt.timedelta(minutes=16)
    found = shown(metrics)
    assert found["ashiato_silent_log_sources"] == {(): 1}
    assert found["ashiato_log_source_expected_seconds"] == {("urn:app",): 900, ("urn:hr",): 3600}
    metrics.recorded([prepared([json.dumps(event(1)).encode()])])  # its source is urn:app
    found = shown(metrics)
    assert found["ashiato_silent_log_sources"] == {(): 0}
    assert found["ashiato_log_source_seen_timestamp_seconds"]["urn:app",] == now[0].timestamp()
