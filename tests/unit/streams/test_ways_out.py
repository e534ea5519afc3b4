"""Ways out name columns and values that a person can act on, and they do lead out."""

from typing import Any

import pytest

from streams.selections import why
from streams.ways_out import MAX_WAYS, Need, ways_out

DETECTION: dict[str, Any] = {
    "data": {"event.kind": ["access", "transfer"]},
    "abroad": {"asset.abroad": True, "asset.stored": True},
    "listed": {"asset.policy_lists_storage": True, "asset.umu_matches": True},
    "where": [{"asset.equipment_country": "SG"}, {"asset.region": "ap-southeast-1"}],
    "condition": "data and abroad and not listed",
}
ROW = {"event.kind": "access", "asset.abroad": True, "asset.stored": True, "asset.umu_matches": True}


def test_a_selection_that_had_to_fail_gives_one_way_for_each_of_its_tests() -> None:
    ways = ways_out(why(DETECTION, "abroad", ROW))
    assert set(ways) == {(Need("asset.abroad", "is not true"),), (Need("asset.stored", "is not true"),)}


def test_a_selection_that_had_to_hold_asks_for_all_that_was_missing_and_no_more() -> None:
    assert ways_out(why(DETECTION, "not listed", ROW)) == ((Need("asset.policy_lists_storage", "is true"),),)
    both = (Need("asset.policy_lists_storage", "is true"), Need("asset.umu_matches", "is true"))
    assert ways_out(why(DETECTION, "not listed", {})) == (both,)


def test_groups_are_ways_of_their_own_to_hold_and_fail_together() -> None:
    met = {"asset.equipment_country": "SG", "asset.region": "ap-southeast-1"}
    together = (Need("asset.equipment_country", "is not SG"), Need("asset.region", "is not ap-southeast-1"))
    assert ways_out(why(DETECTION, "where", met)) == (together,)
    assert set(ways_out(why(DETECTION, "not where", {}))) == {
        (Need("asset.equipment_country", "is SG"),),
        (Need("asset.region", "is ap-southeast-1"),),
    }


def test_what_lies_nearest_at_hand_comes_first() -> None:
    ways = ways_out(why(DETECTION, DETECTION["condition"], ROW))
    assert ways[0] == (Need("asset.policy_lists_storage", "is true"),)


def test_nobody_is_told_to_turn_an_access_into_something_else() -> None:
    ways = ways_out(why(DETECTION, DETECTION["condition"], ROW))
    assert ways
    assert all(need.column != "event.kind" for way in ways for need in way)


def test_nobody_is_told_to_revoke_what_was_no_grant() -> None:
    reasons = why({"revoked": {"grant.change": "revoked"}}, "not revoked", {})
    assert ways_out(reasons, "transfer") == ()
    assert ways_out(reasons, "grant") == ((Need("grant.change", "is revoked"),),)


def test_ways_out_stay_few() -> None:
    detection = {"many": {f"asset.{name}": True for name in (
        "known", "abroad", "stored", "in_transit", "third_party_equipment", "operator_abroad", "storage_service",
        "cloud_exception", "country_in_use", "sui", "secrecy")}}  # fmt: skip
    row = dict.fromkeys(detection["many"], True)
    assert len(ways_out(why(detection, "many", row))) == MAX_WAYS


@pytest.mark.parametrize("condition", ["data and abroad and not listed", "abroad or where", "1 of them"])
def test_following_a_way_out_undoes_the_match(condition: str) -> None:
    values = {"is not true": False, "is true": True, "is not SG": "JP"}
    row: dict[str, Any] = {**ROW, "asset.equipment_country": "SG"}
    for way in ways_out(why(DETECTION, condition, row)):
        other = {**row, **{need.column: values[need.must] for need in way}}
        assert not why(DETECTION, condition, other).holds
