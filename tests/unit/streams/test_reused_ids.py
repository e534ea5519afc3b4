from typing import Any

from services.context import builtin_rulebook
from streams.reused_ids import reused_id_findings, reviewing
from tests.support.evidence import NOON, VERSIONS, as_json

RULES = reviewing(builtin_rulebook())


def _row(number: int, contents: int) -> dict[str, Any]:
    return {
        "position.source": "file:a", "position.partition": 0, "position.offset": number, "position.part": 0,
        "event.kind": "access", "event.id": "e1", "event.source": "urn:app", "event.time": NOON,
        "event.content": f"{number:032x}", "asset.key": "crm-db", "party.key": "own", "planned.id": None,
        "action": "read", "operation": None, "event.contents": contents,
    }  # fmt: skip


def test_only_rules_about_contents_look_at_reviewed_events() -> None:
    assert [rule.id for rule in RULES] == ["TRAIL-ID-REUSED"]


def test_each_position_of_a_reused_identity_gets_a_finding_with_its_own_place_in_the_review() -> None:
    found = reused_id_findings([_row(4, 2), _row(9, 2), _row(11, 1)], RULES, VERSIONS, first=100)

    assert found["rule"].to_list() == ["TRAIL-ID-REUSED"] * 2
    assert found["position.offset"].to_list() == [4, 9]
    assert found["at"].to_list() == [100, 101]
    records = [as_json(text) for text in found["record"]]
    assert [one["event_content"] for one in records] == [f"{4:032x}", f"{9:032x}"]
    assert records[0]["event_identity"] == records[1]["event_identity"]
    assert records[0]["facts"]["event.contents"] == 2


def test_nothing_reviewed_gives_nothing() -> None:
    assert reused_id_findings([], RULES, VERSIONS, first=0).is_empty()
