"""An event names one asset or none: id and locator agree, and a locator leads to nothing that has ended."""

import datetime as dt
from typing import Any

import pytest

from schemas.interpretations import Interpretations
from schemas.register import Asset, Locator
from streams.asset_lookup import AssetLookup
from streams.provenance import explain_row
from streams.register_index import RegisterIndex
from tests.support.facts import DAY, KEYS, LONG_AGO, asset, facts_of, frame, register, transfer

CRM = asset("crm", locators=(Locator(pattern="db:crm/customers"),))
WIKI = asset("wiki", category="none", locators=(Locator(pattern="db:*"),))
EARLIER, LATER = DAY - dt.timedelta(days=30), DAY + dt.timedelta(days=30)


def at(pattern: str, id_: str, **more: Any) -> Asset:
    return asset(id_, locators=(Locator(pattern=pattern),), **more)


@pytest.mark.parametrize(
    ("entry", "found"),
    [
        (at("db:crm/customers", "old", valid_to=EARLIER), None),
        (at("db:crm/customers", "old", valid_to=DAY), None),
        (at("db:crm/*", "old", valid_to=DAY), None),
        (at("db:crm/customers", "old", valid_to=LATER), "old"),
        (at("db:crm/customers", "next", valid_from=LATER), "wiki"),
        (at("db:crm/other", "old", valid_to=DAY), "wiki"),
    ],
)
def test_a_locator_of_what_has_ended_leads_to_no_wildcard(entry: Asset, found: str | None) -> None:
    event = {"asset.claimed_id": None, "asset.locator": "db:crm/customers"}
    facts = facts_of(register(assets=(WIKI, entry)), event)
    assert (facts["asset.id"], facts["asset.known"]) == (found, found is not None)


def test_an_entry_that_an_entry_of_the_same_id_continues_has_not_ended() -> None:
    event = {"asset.claimed_id": None, "asset.locator": "db:crm/customers"}
    ended = at("db:crm/customers", "crm", valid_to=EARLIER)
    goes_on = at("db:crm/customers", "crm", valid_from=EARLIER, category="both")
    elsewhere = at("db:new/customers", "crm", valid_from=EARLIER)
    assert facts_of(register(assets=(WIKI, ended, goes_on)), event)["asset.category"] == "both"
    assert facts_of(register(assets=(WIKI, ended, elsewhere)), event)["asset.id"] == "wiki"


def test_an_ended_entry_whose_pattern_another_asset_took_over_has_a_successor() -> None:
    event = {"asset.claimed_id": None, "asset.locator": "db:crm/customers"}
    ended = at("db:crm/customers", "old", valid_to=EARLIER)
    assert facts_of(register(assets=(WIKI, ended, CRM)), event)["asset.id"] == "crm"


def test_a_disagreement_leaves_everything_unknown_and_is_a_thing_of_its_own() -> None:
    known = register(assets=(WIKI, CRM))
    facts = facts_of(known, {"asset.claimed_id": "wiki", "asset.locator": "db:crm/customers"})
    absent = ("id", "ref", "category", "sui", "operator", "equipment_country")
    assert {facts[f"asset.{name}"] for name in absent} == {None}
    assert facts["asset.known"] is False
    other = facts_of(known, {"asset.claimed_id": "crm", "asset.locator": "db:else"})
    unknown = facts_of(register(assets=()), {"asset.claimed_id": "wiki", "asset.locator": "db:crm/customers"})
    keys = {row["asset.key"] for row in (facts, other, unknown)}
    assert len(keys) == 3
    assert all(key.startswith("unregistered:") for key in keys)


def test_of_an_unknown_id_the_key_does_not_depend_on_the_locator_beside_it() -> None:
    known = register(assets=(CRM,))
    rows = [facts_of(known, {"asset.claimed_id": "app", "asset.locator": f"db:crm/{name}"}) for name in ("a", "b")]
    assert rows[0]["asset.key"] == rows[1]["asset.key"]


def test_an_id_is_not_believed_beside_a_locator_that_nobody_knows() -> None:
    known = register(assets=(WIKI, CRM))
    rows = [facts_of(known, {"asset.claimed_id": "wiki", "asset.locator": f"arn:new/{name}"}) for name in ("a", "b")]
    assert {row["asset.known"] for row in rows} == {False}
    assert rows[0]["asset.key"] != rows[1]["asset.key"]


def test_a_destination_is_found_the_same_way() -> None:
    event = transfer(destination__claimed_asset="wiki", destination__locator="db:crm/customers")
    facts = facts_of(register(assets=(asset(), WIKI, CRM)), event)
    assert (facts["destination.known"], facts["destination.equipment_country"]) == (False, None)
    assert facts["destination.key"].startswith("unregistered:")


@pytest.mark.parametrize(
    ("claimed", "locator", "source"),
    [
        (
            "wiki", "db:crm/customers",
            "id and locator of the event disagree; register assets/wiki@2024-04-01; register assets/crm@2024-04-01",
        ),
        (
            "wiki", "sftp://nowhere/x",
            "id and locator of the event disagree; register assets/wiki@2024-04-01; no register entry",
        ),
        (None, "db:old", "register assets/old@2024-04-01 has ended"),
        ("app", "db:crm/customers", "no register entry assets of the id that the event claims"),
        (None, "else", "no register entry"),
    ],
)  # fmt: skip
def test_why_an_asset_is_unknown_is_told(claimed: str | None, locator: str, source: str) -> None:
    index = RegisterIndex(register(assets=(WIKI, CRM, at("db:old", "old", valid_to=DAY))), Interpretations())
    event = frame({"asset.claimed_id": claimed, "asset.locator": locator, **_moved(claimed, locator)})
    told = explain_row(event, index, KEYS)
    assert {told[f"{role}.{fact}"].source for role in ("asset", "destination") for fact in ("known", "operator")} == {
        source
    }


def _moved(claimed: str | None, locator: str) -> dict[str, Any]:
    return transfer(destination__claimed_asset=claimed, destination__locator=locator)


def test_of_two_valid_entries_of_one_id_the_first_counts_however_it_is_found() -> None:
    lookup = AssetLookup((asset("a", valid_from=LONG_AGO), at("db:a", "a")))
    assert lookup.find(None, "db:a", DAY).entry == lookup.find("a", None, DAY).entry == 0


OPEN = at("https://wiki.example/*", "open", category="none")
CLOSED = at("https://Wiki.example:443/crm/*", "closed")


@pytest.mark.parametrize(
    ("locator", "found"),
    [
        ("https://wiki.example/page", "open"),
        ("https://wiki.example/open/../crm/1", "closed"),
        ("https://wiki.example/open/%2e%2e/crm/1", "closed"),
        ("HTTPS://WIKI.example.:443/crm/1", "closed"),
        ("https://wiki.example//crm/1", None),
        ("https://wiki.example/open/..%2Fcrm/1", None),
        ("https://wiki.example//page", "open"),
        ("https://wiki.example/crm//1", "closed"),
    ],
)
def test_no_spelling_of_a_url_leads_to_another_asset(locator: str, found: str | None) -> None:
    facts = facts_of(register(assets=(OPEN, CLOSED)), {"asset.claimed_id": None, "asset.locator": locator})
    assert facts["asset.id"] == found


def test_an_id_does_not_settle_how_a_locator_is_read() -> None:
    event = {"asset.claimed_id": "open", "asset.locator": "https://wiki.example//crm/1"}
    assert facts_of(register(assets=(OPEN, CLOSED)), event)["asset.known"] is False
