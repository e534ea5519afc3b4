"""Names of topics, what reads them, and how they are laid out."""

import pytest

from schemas.errors import UsageError
from schemas.events import MAX_MESSAGE_BYTES
from services.topics import INPUTS, TOPICS, Input, inputs, topic_of
from streams.adapt import FORMATS

DAY_MS = 86_400_000


def test_events_are_ours_and_raw_topics_name_their_format() -> None:
    assert inputs(["audit.events", "audit.raw.cloudtrail", "audit.events"], []) == [
        Input("audit.events", "kafka:audit.events", "native"),
        Input("audit.raw.cloudtrail", "kafka:audit.raw.cloudtrail", "cloudtrail"),
    ]


def test_a_topic_goes_on_under_its_newest_generation_unless_one_is_named() -> None:
    recorded = ["kafka:audit.events", "kafka:audit.events~2", "kafka:audit.events.old~7"]
    names = {name: inputs([name], recorded)[0].source for name in ("audit.events", "audit.events~1", "audit.events~3")}
    assert names == {
        "audit.events": "kafka:audit.events~2",
        "audit.events~1": "kafka:audit.events",
        "audit.events~3": "kafka:audit.events~3",
    }
    assert inputs(["audit.events~3"], recorded)[0].topic == "audit.events"
    assert topic_of("kafka:audit.events~3") == "audit.events"
    assert topic_of("file:a#b") is None


@pytest.mark.parametrize(
    "name", ["", "audit events", "a" * 250, "audit.events~0", "audit.events~x", "audit.raw.nothing"]
)
def test_what_is_no_topic_or_has_no_adapter_is_refused(name: str) -> None:
    with pytest.raises(UsageError):
        inputs([name], [])


def test_the_largest_message_fits_into_every_topic_that_it_comes_in_by() -> None:
    largest = {one.name: int(one.settings.get("max.message.bytes", 0)) for one in TOPICS}
    overhead = 1 << 17  # key, headers, framing, and what a compressor adds to noise
    assert {name for name, size in largest.items() if size >= MAX_MESSAGE_BYTES + overhead} == set(INPUTS)


def test_what_others_rely_on_is_never_forgotten_and_personal_data_is() -> None:
    kept = {one.name: (one.settings["cleanup.policy"], one.settings["retention.ms"]) for one in TOPICS}
    assert kept == {
        "audit.events": ("delete", str(7 * DAY_MS)),
        **{f"audit.raw.{form}": ("delete", str(7 * DAY_MS)) for form in FORMATS if form != "native"},
        "audit.activity": ("delete", str(30 * DAY_MS)),
        "audit.findings": ("delete", str(30 * DAY_MS)),
        "audit.findings.restricted": ("delete", str(30 * DAY_MS)),
        "audit.cases": ("compact", "-1"),
        "audit.acts": ("delete", "-1"),
        "audit.seals": ("delete", "-1"),
        "audit.deadletter": ("delete", str(30 * DAY_MS)),
    }
    assert {one.settings["retention.bytes"] for one in TOPICS} == {"-1"}, (
        "a full topic would lose what nobody has recorded"
    )
