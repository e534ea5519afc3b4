import pytest

from schemas.events import ACT, MAX_MESSAGE_BYTES
from services.gateway_checks import check_events, check_raw
from services.gateway_producers import Producer
from services.gateway_sink import Message
from tests.support.cloudtrail import ACCOUNT
from tests.support.cloudtrail import message as cloudtrail
from tests.support.events import message

CRM = Producer(name="crm", source_prefix="//crm", tokens=("0" * 64,))
TRAIL = Producer(name="trail", source_prefix="aws:cloudtrail:", tokens=("0" * 64,), formats=("cloudtrail",))


def test_an_event_becomes_a_message_with_its_identity_as_key() -> None:
    raw = message()
    assert check_events([raw], CRM, MAX_MESSAGE_BYTES) == ([Message("audit.events", b"//crm\ne1", raw, "crm")], [])


def test_each_bad_event_is_named_by_index_reason_and_fields() -> None:
    large = message(purpose="x" * 3000)
    found, faults = check_events([b"", message(), message(action=1, actor=2), large, message(ACT)], CRM, 2000)

    assert len(found) == 1
    assert [(one.event, one.reason, one.fields) for one in faults] == [
        (0, "empty", ()),
        (2, "wrong-type", ("data.actor", "data.action")),
        (3, "message-too-large", ()),
        (4, "type-not-allowed", ("type",)),
    ]
    assert f"{len(large):,} bytes, of which 2,000 are allowed" in faults[2].detail


def test_a_place_in_the_text_is_told_without_advice_for_others() -> None:
    _, (fault,) = check_events([b'{"a":\n tru}'], CRM, MAX_MESSAGE_BYTES)

    assert fault.reason == "invalid-json"
    assert fault.detail.startswith("line 2, column ")
    assert "dead letter" not in fault.detail


def test_keys_of_a_map_are_contents_and_are_not_repeated() -> None:
    _, (fault,) = check_events([message(ACT, details={"secret-key": 5})], CRM, MAX_MESSAGE_BYTES)
    assert fault.fields == ("data.details.*",)
    assert "secret" not in str(fault)


def test_a_foreign_message_goes_to_its_topic_by_the_identity_of_its_first_event() -> None:
    raw = cloudtrail("s3:GetObject", {"bucketName": "b", "key": "k"})
    (one,), faults = check_raw(raw, "cloudtrail", TRAIL)

    assert faults == []
    assert (one.topic, one.value, one.producer) == ("audit.raw.cloudtrail", raw, "trail")
    assert one.key == f"aws:cloudtrail:{ACCOUNT}\nid-1".encode()


@pytest.mark.parametrize(("raw", "reason"), [(b"", "empty"), (b"[", "invalid-json"), (b"\xff", "invalid-utf8")])
def test_a_foreign_message_that_cannot_be_read_is_refused(raw: bytes, reason: str) -> None:
    found, (fault,) = check_raw(raw, "cloudtrail", TRAIL)
    assert (found, fault.reason) == ([], reason)


def test_a_foreign_event_from_elsewhere_is_refused() -> None:
    raw = cloudtrail("s3:GetObject", {"bucketName": "b", "key": "k"})
    found, (fault,) = check_raw(raw, "cloudtrail", CRM)
    assert (found, fault.reason) == ([], "source-not-allowed")
