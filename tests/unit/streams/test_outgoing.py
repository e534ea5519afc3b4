"""What is told to others of a batch: records as they are, keyed and placed."""

import json
from dataclasses import replace

from schemas.records import Range
from services.recording import range_of
from streams.batch import RawBatch, Recorded
from streams.flags import flag_id
from streams.outgoing import Outgoing, outgoing
from streams.pipeline import run
from streams.reused_ids import reused_id_findings, reviewing
from tests.support.evidence import NOON
from tests.support.stores import NOW, context, event


def told(messages: list[bytes]) -> tuple[Recorded, Range, dict[str, Outgoing]]:
    batch = RawBatch(
        "kafka:t", 3, "native", list(range(7, 7 + len(messages))), messages, first=7, last=6 + len(messages)
    )
    recorded = run(batch, context())
    of = range_of(batch, recorded, context(), name="r", now=NOW)
    return recorded, of, {one.kind: one for one in outgoing([(recorded, of)])}


def test_findings_are_told_by_flag_with_their_position() -> None:
    recorded, _, found = told([json.dumps(event(i)).encode() for i in range(5)])
    one = found["findings"]
    assert [value.decode() for value in one.values] == recorded.findings["record"].to_list()
    assert len(one.values) > 5
    for key, value, position in zip(one.keys, one.values, one.positions, strict=True):
        record = json.loads(value)
        names = ("rule", "role", "asset", "party", "country", "policy_item", "episode")
        assert key.decode() == flag_id(**{name: record[name] for name in names})
        assert position.decode() == f"kafka:t|3|{record['offset']}|{record['part']}"


def test_what_few_may_see_is_told_apart_from_all_other_findings() -> None:
    provided = [event(i, exposure={"to": "government"}) for i in (1, 2)]
    recorded, _, found = told([json.dumps(one).encode() for one in [*provided, event(3)]])
    few, all_others = found["restricted"], found["findings"]

    assert [json.loads(value)["rule"] for value in few.values] == ["GOV-PROVISION"] * 2
    assert few.positions == [b"kafka:t|3|7|0", b"kafka:t|3|8|0"]
    assert not any(b"GOV-PROVISION" in value for value in all_others.values)
    assert not {*few.keys} & {*all_others.keys}
    assert sorted([*few.values, *all_others.values]) == sorted(
        record.encode() for record in recorded.findings["record"]
    )


def test_findings_of_a_review_are_told_with_the_positions_of_their_events() -> None:
    row = {
        "position.source": "kafka:u", "position.partition": 5, "position.offset": 9, "position.part": 1,
        "event.kind": "access", "event.id": "e1", "event.source": "urn:app", "event.time": NOON,
        "event.content": f"{9:032x}", "asset.key": "crm-db", "party.key": "own", "planned.id": None,
        "action": "read", "operation": None, "event.contents": 2,
    }  # fmt: skip
    recorded, of, _ = told([json.dumps(event(1)).encode()])
    found = reused_id_findings([row], reviewing(context().rulebook), context().versions, first=40)
    empty = recorded.evidence.clear()

    (one,) = outgoing([(replace(recorded, evidence=empty, activity=None, findings=found), of)])
    assert one.positions == [b"kafka:u|5|9|1"]


def test_dead_letters_are_told_without_their_bytes_and_by_partition() -> None:
    _, _, found = told([b"my secret", json.dumps(event(1)).encode(), b""])
    one = found["deadletter"]
    assert one.keys == [b"kafka:t|3"] * 2
    assert one.positions == [b"kafka:t|3|7|0", b"kafka:t|3|9|0"]
    assert [json.loads(value)["reason"] for value in one.values] == ["invalid-json", "empty"]
    assert not any(b"secret" in value for value in one.values)


def test_activity_is_told_by_party_as_the_record_that_is_evidence() -> None:
    recorded, _, found = told([json.dumps(event(i)).encode() for i in range(5)])
    one = found["activity"]
    assert [value.decode() for value in one.values] == recorded.evidence["record"].to_list()
    assert [key.decode() for key in one.keys] == [json.loads(value)["party"]["key"] for value in one.values]
    assert not any(b"192.0.2." in value or b"user-" in value for value in one.values)


def test_of_nothing_nothing_is_told() -> None:
    empty = RawBatch("kafka:t", 0, "native", [], [], first=0, last=4)
    recorded = run(empty, context())
    assert list(outgoing([(recorded, range_of(empty, recorded, context(), name="r", now=NOW))])) == []


def test_of_several_batches_all_of_a_kind_is_told_together_in_their_order_and_under_their_own_partitions() -> None:
    plain, other = (json.dumps(event(number)).encode() for number in (1, 2))
    provided = json.dumps(event(3, exposure={"to": "government"})).encode()
    pairs: list[tuple[Recorded, Range]] = []
    alone: list[Outgoing] = []
    for partition, first, messages in ((2, 7, [b"no", plain]), (0, 7, []), (2, 9, [provided]), (1, 7, [other, b""])):
        last = first + max(len(messages), 1) - 1
        batch = RawBatch(
            "kafka:t", partition, "native", list(range(first, first + len(messages))), messages, first=first, last=last
        )
        recorded = run(batch, context())
        pairs.append((recorded, range_of(batch, recorded, context(), name="r", now=NOW)))
        alone += outgoing(pairs[-1:])

    found = list(outgoing(pairs))
    assert [one.kind for one in found] == ["findings", "restricted", "activity", "deadletter"]
    for one in found:
        same = [each for each in alone if each.kind == one.kind]
        assert one.keys == [key for each in same for key in each.keys]
        assert one.values == [value for each in same for value in each.values]
        assert one.positions == [position for each in same for position in each.positions]
    assert [one.positions for one in found[1:]] == [
        [b"kafka:t|2|9|0"], [b"kafka:t|2|8|0", b"kafka:t|2|9|0", b"kafka:t|1|7|0"], [b"kafka:t|2|7|0", b"kafka:t|1|8|0"]
    ]  # fmt: skip
