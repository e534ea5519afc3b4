"""Who and what an event is about, as of the event's time."""

import datetime as dt
from typing import Any

import polars as pl
import pytest

from schemas.base import tokyo_midnight
from schemas.interpretations import Decision, Interpretations
from schemas.register import Locator, Network, Register
from streams.register_index import MAX_MOMENTS, RegisterIndex
from tests.support.facts import DAY, LONG_AGO, NOON, asset, facts_of, identity, party, register

MOVED = dt.date(2026, 6, 1)
MICROSECOND = dt.timedelta(microseconds=1)
HISTORY = (
    asset(equipment_country="JP", valid_to=MOVED),
    asset(equipment_country="US", valid_from=MOVED),
)


@pytest.mark.parametrize(
    ("time", "country"),
    [
        (tokyo_midnight(LONG_AGO) - MICROSECOND, None),
        (tokyo_midnight(LONG_AGO), "JP"),
        (tokyo_midnight(MOVED) - MICROSECOND, "JP"),
        (tokyo_midnight(MOVED), "US"),
        (dt.datetime(1970, 1, 1, tzinfo=dt.UTC), None),
        (dt.datetime(2036, 1, 1, tzinfo=dt.UTC), "US"),
    ],
)
def test_an_entry_holds_from_midnight_in_tokyo_to_the_microsecond(time: dt.datetime, country: str | None) -> None:
    facts = facts_of(register(assets=HISTORY), {"event.time": time})
    assert facts["asset.equipment_country"] == country


def test_a_backdated_entry_counts_for_events_before_it_was_written() -> None:
    before = facts_of(register(assets=()), {"event.time": NOON})
    after = facts_of(register(assets=(asset(valid_from=DAY),)), {"event.time": NOON})
    assert (before["asset.known"], after["asset.known"]) == (False, True)
    assert after["asset.ref"] == "assets/crm-db@2026-11-01"


LOCATED = (
    asset("all", locators=(Locator(pattern="arn:*"),)),
    asset("bucket", locators=(Locator(pattern="arn:s3:crm/*"),)),
    asset("object", locators=(Locator(pattern="arn:s3:crm/list.csv"),)),
)


@pytest.mark.parametrize(
    ("claimed", "locator", "found"),
    [
        (None, "arn:s3:crm/list.csv", "object"),
        (None, "arn:s3:crm/other", "bucket"),
        (None, "arn:s3:else", "all"),
        (None, "ARN:s3:else", None),
        ("object", "arn:s3:crm/list.csv", "object"),
        ("all", "nobody:knows", None),
        ("all", None, "all"),
        ("all", "arn:s3:crm/list.csv", None),
        ("nobody-knows", "arn:s3:crm/list.csv", None),
        ("nobody-knows", None, None),
        (None, None, None),
    ],
)
def test_an_asset_is_what_id_and_most_specific_locator_agree_on(
    claimed: str | None, locator: str | None, found: str | None
) -> None:
    event = {"asset.claimed_id": claimed, "asset.locator": locator}
    assert facts_of(register(assets=LOCATED), event)["asset.id"] == found


def test_a_more_specific_locator_does_not_count_before_it_is_valid() -> None:
    later = asset("object", locators=(Locator(pattern="arn:s3:crm/list.csv"),), valid_from=dt.date(2027, 1, 1))
    event = {"asset.claimed_id": None, "asset.locator": "arn:s3:crm/list.csv"}
    assert facts_of(register(assets=(*LOCATED[:2], later)), event)["asset.id"] == "bucket"


PEOPLE = (
    identity("*", "acme", id="anybody"),
    identity("bob", "acme", id="bob"),
    identity("bob", "own", id="bob-admin", role="admin"),
)


@pytest.mark.parametrize(
    ("who", "found"),
    [
        ({"actor.subject": "eve"}, "identities/anybody@2024-04-01"),
        ({"actor.subject": "bob"}, "identities/bob@2024-04-01"),
        ({"actor.subject": "bob", "actor.role": "admin"}, "identities/bob-admin@2024-04-01"),
        ({"actor.subject": "bob", "actor.role": "reader"}, "identities/bob@2024-04-01"),
        ({"actor.subject": "bob", "actor.issuer": "other-idp"}, None),
        ({"actor.subject": None}, None),
        ({"actor.subject": "bob", "actor.issuer": None}, None),
    ],
)
def test_the_most_specific_identity_counts(who: dict[str, Any], found: str | None) -> None:
    known = register(parties=(party("acme"),), identities=PEOPLE)
    assert facts_of(known, who)["party.identity_ref"] == found


def test_the_longest_valid_network_counts_before_the_mmdb_file() -> None:
    networks = (
        Network(id="wide", cidr="10.0.0.0/8", country="US", valid_from=LONG_AGO),
        Network(id="office", cidr="10.1.0.0/16", country="JP", valid_from=LONG_AGO),
        Network(id="gone", cidr="10.1.1.0/24", country="SG", valid_from=LONG_AGO, valid_to=DAY),
    )
    event = {"origin.ip": "10.1.1.1", "origin.country": None}
    facts = facts_of(register(networks=networks), event, geo=lambda _ip: "KR")
    assert facts["party.place_country"] == "JP"


def test_settings_take_effect_at_midnight_in_tokyo_of_their_day() -> None:
    decided = Interpretations().replace("third_party.country_basis", "ultimate_parent")
    decision = Decision(setting="third_party.country_basis", decided_by="legal", effective_from=DAY)
    decided = decided.model_copy(update={"decisions": (decision,)})
    known = register(parties=(party("acme", parent_country="US"),), identities=(identity("bob", "acme"),))
    for time, country in ((tokyo_midnight(DAY) - MICROSECOND, "JP"), (tokyo_midnight(DAY), "US")):
        assert facts_of(known, {"actor.subject": "bob", "event.time": time}, decided)["party.country"] == country


def test_segments_are_told_apart_at_the_instant_of_change() -> None:
    index = RegisterIndex(Register(assets=HISTORY), Interpretations())
    times = [tokyo_midnight(MOVED) - MICROSECOND, tokyo_midnight(MOVED), NOON]
    segments = index.segments(pl.Series(times, dtype=pl.Datetime("us", "UTC"))).to_list()
    assert segments == [1, 2, 2]
    assert [index.segment_of(time) for time in times] == segments


def test_moments_kept_are_bounded_and_made_again_when_needed() -> None:
    days = [LONG_AGO + dt.timedelta(days=number) for number in range(MAX_MOMENTS + 5)]
    assets = tuple(asset(valid_from=day, valid_to=day + dt.timedelta(days=1)) for day in days)
    index = RegisterIndex(Register(assets=assets), Interpretations())
    assert [index.moment(number + 1).day for number in range(len(days))] == days
    assert index.moment(1).day == days[0]
