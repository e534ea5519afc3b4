"""What would be said of an event is what judging it would say, and nothing of it is kept."""

import json
from typing import Any

import pytest

from schemas.errors import ManyErrors, MessageError
from schemas.interpretations import Interpretations
from services.rulebook_files import read_rulebook
from streams.batch import RawBatch
from streams.classify import classify
from streams.decode import decode
from streams.enrich import enrich
from streams.judge import judge
from streams.preflight import ASK_AGAIN, LEVELS, Against, Verdict, preflight
from streams.register_index import RegisterIndex
from streams.register_versions import EMPTY_REGISTER
from streams.verdicts import KEPT
from tests.support.evidence import KEYS
from tests.support.flagged import REGISTER, TRANSFER, transfer
from tests.support.registers import register_of

RULEBOOK = read_rulebook()
KNOWN = RegisterIndex(register_of(REGISTER), Interpretations())
NOTHING_KNOWN = RegisterIndex(EMPTY_REGISTER, Interpretations())
IN_JAPAN = {**TRANSFER, "data": {**TRANSFER["data"], "destination": {"asset": "crm", "persistence": "stored"}}}


def told(*events: dict[str, Any] | bytes, index: RegisterIndex = KNOWN) -> tuple[Verdict, ...]:
    messages = [event if isinstance(event, bytes) else json.dumps(event).encode() for event in events]
    batch = RawBatch("EVENT", 0, "native", list(range(len(messages))), messages, 0, len(messages) - 1)
    return preflight(batch, Against(index, RULEBOOK, KEYS))


def test_the_rules_that_would_match_are_told_with_reason_and_way_out() -> None:
    (verdict,) = told(TRANSFER)
    (said,) = verdict.said
    assert (said.rule, said.role, verdict.level) == ("XB-STORE", "destination", "high")
    assert said.why.holds
    assert said.ways_out


def test_an_event_that_meets_no_rule_has_no_level() -> None:
    (verdict,) = told(IN_JAPAN)
    assert (verdict.said, verdict.level, verdict.unknown) == ((), None, ())


def test_events_are_told_one_by_one_in_their_order() -> None:
    verdicts = told(transfer(1), IN_JAPAN, transfer(3))
    assert [verdict.event["event.id"] for verdict in verdicts] == ["t1", "t1", "t3"]
    assert [verdict.level for verdict in verdicts] == ["high", None, "high"]


def test_the_gravest_is_told_first() -> None:
    (verdict,) = told(TRANSFER, index=NOTHING_KNOWN)
    levels = [LEVELS.index(said.level) for said in verdict.said]
    assert len(levels) > 1
    assert levels == sorted(levels, reverse=True)


def test_what_judging_finds_is_what_is_told() -> None:
    message = json.dumps(TRANSFER).encode()
    events = decode(RawBatch("EVENT", 0, "native", [0], [message], 0, 0)).events
    found = judge(classify(enrich(events, NOTHING_KNOWN, KEYS), NOTHING_KNOWN), RULEBOOK)
    (verdict,) = told(TRANSFER, index=NOTHING_KNOWN)
    assert {(said.rule, said.role) for said in verdict.said} == set(found.select("rule", "role").iter_rows())


def test_without_a_register_everything_is_unknown_and_nothing_domestic() -> None:
    (verdict,) = told(IN_JAPAN, index=NOTHING_KNOWN)
    unknown = {fact.column for fact in verdict.unknown}
    assert {"asset.id", "asset.category", "asset.equipment_country", "party.id", "destination.id"} <= unknown
    assert {said.rule for said in verdict.said} >= {"UNKNOWN-ASSET", "UNKNOWN-CATEGORY", "UNKNOWN-PARTY"}


def test_no_pseudonym_of_the_throw_away_key_is_shown() -> None:
    (verdict,) = told(TRANSFER, index=NOTHING_KNOWN)
    assert verdict.event["asset.key"] == "unregistered"
    assert verdict.event["party.key"] == "unknown"
    values = [fact.value for said in verdict.said for fact in (*said.about, *said.facts)]
    assert not [value for value in values if isinstance(value, str) and value.startswith("unregistered:")]


def test_an_act_in_ashiato_itself_is_told_as_harmless() -> None:
    act = {**TRANSFER, "type": "io.ashiato.act.v1", "data": {"actor": {"subject": "x"}, "kind": "register_loaded"}}
    (verdict,) = told(act)
    assert (verdict.said, verdict.unknown) == ((), ())


@pytest.mark.parametrize("message", [b'{"specversion": "1.0"', b'{"specversion": "1.0"}', b'{"Records": [{}]}'])
def test_a_message_that_cannot_be_read_is_told_in_the_words_of_its_dead_letter_but_for_being_kept(
    message: bytes,
) -> None:
    (text,) = decode(RawBatch("EVENT", 0, "native", [0], [message], 0, 0)).dead_letters["text"]
    with pytest.raises(MessageError) as error:
        told(message)
    assert "kept as a dead letter" in text
    assert str(error.value) == text.replace(KEPT, ASK_AGAIN)
    assert "dead letter" not in str(error.value)


def test_all_messages_that_cannot_be_read_are_told() -> None:
    with pytest.raises(ManyErrors) as error:
        told(b"{", TRANSFER, b"[1]")
    assert len(error.value.errors) == 2
