"""Facts say where they come from, in words that lead to the register, the policy, a setting or the event."""

import datetime as dt
from typing import Any

import pytest

from schemas.facts import FACTS
from schemas.interpretations import Interpretations
from schemas.register import Network
from streams.provenance import Provenance, explain_row
from streams.register_index import RegisterIndex
from tests.support.facts import (
    KEYS,
    LONG_AGO,
    NOON,
    asset,
    contract,
    country,
    frame,
    identity,
    line,
    party,
    register,
    transfer,
)

KNOWN = register(
    parties=(party("acme", country="US"), party("aws", "cloud_provider", "US")),
    identities=(identity("bob", "acme"),),
    assets=(asset(equipment_country="US"), asset("copy", operator="aws", equipment_country=None)),
    contracts=(contract(),),
    countries=(country("US"),),
    policy=(line("storage", "US"),),
    networks=(Network(id="office", cidr="10.0.0.0/8", country="SG", valid_from=LONG_AGO),),
)
EVENT = {
    **transfer(destination__claimed_asset="copy", destination__region="us-east-1"),
    "actor.subject": "bob",
    "origin.ip": "10.0.0.1",
    "destination.temporary.until": NOON + dt.timedelta(hours=2),
}


@pytest.fixture(scope="module")
def told() -> dict[str, Provenance]:
    return explain_row(frame(EVENT), RegisterIndex(KNOWN, Interpretations()), KEYS)


@pytest.mark.parametrize(
    ("fact", "value", "source"),
    [
        ("asset.equipment_country", "US", "register assets/crm-db@2024-04-01 equipment_country"),
        ("asset.policy_lists_storage", True, "register policy/pl-storage-US@2024-04-01"),
        ("asset.category", "2", "register assets/crm-db@2024-04-01 category"),
        ("asset.policy_lists_cloud", None, "the carrier's own equipment"),
        ("destination.equipment_country", "US", "region table"),
        ("destination.stored", True, "event destination.temporary.until; setting temporary.exempt = false"),
        ("party.id", "acme", "register identities/id-bob@2024-04-01 party"),
        ("party.identity_ref", "identities/id-bob@2024-04-01", "register identities/id-bob@2024-04-01"),
        ("party.place_country", "SG", "register networks/office@2024-04-01 country"),
        ("party.country", "US", "setting third_party.country_basis = contracting_entity"),
        ("party.policy_lists_outsourcing", False, "no policy line for outsourcing SG"),
        ("party.assessment", "missing", "no register entry countries/SG"),
        ("party.contract", "c1", "register contracts/c1@2024-04-01"),
        ("party.asset_in_scope", True, "register contracts/c1@2024-04-01 scope.assets"),
        ("party.users_in_scope", True, "scope.users_per_day; event records.users"),
        ("party.review_current", False, "setting subcontractor.review_interval_days = 365"),
        ("recipient.id", "aws", "fact destination.operator"),
        ("recipient.contract_in_force", False, "no contract in force with aws"),
        ("exposure.party_known", None, "event exposure.party"),
        ("planned.claimed", False, "event approval"),
        ("asset.key", "crm-db", "computed"),
    ],
)
def test_a_fact_tells_its_value_and_where_it_comes_from(
    told: dict[str, Provenance], fact: str, value: object, source: str
) -> None:
    assert told[fact].value == value
    assert source in told[fact].source


def test_every_fact_of_the_catalogue_is_told(told: dict[str, Provenance]) -> None:
    assert list(told) == [column.name for column in FACTS]


def test_sources_hold_no_personal_data(told: dict[str, Provenance]) -> None:
    assert not any("10.0.0.1" in fact.source for fact in told.values())


def test_of_an_act_nothing_is_told() -> None:
    told = explain_row(frame({"event.kind": "act"}), RegisterIndex(KNOWN, Interpretations()), KEYS)
    assert {fact.value for fact in told.values()} == {None}


PROXIES = register(
    parties=(party("acme"), party("gov", "government", "US")),
    identities=(identity("bob", "acme"), identity("pool", shared=True)),
    networks=(Network(id="theirs", cidr="10.0.0.0/8", country="JP", party="acme", valid_from=LONG_AGO),),
)
FOR_BOB = {"actor.on_behalf_of.issuer": "idp", "actor.on_behalf_of.subject": "bob"}


@pytest.mark.parametrize(
    ("event", "fact", "value", "source"),
    [
        (FOR_BOB, "party.id", "acme", "register identities/id-bob@2024-04-01 party"),
        (FOR_BOB, "party.person_known", True, "the actor: register identities/id-hanako@2024-04-01 shared"),
        ({**FOR_BOB, "actor.subject": "pool"}, "party.person_known", False, "id-pool@2024-04-01 shared"),
        ({**FOR_BOB, "actor.subject": "bob"}, "party.person_known", True, "id-bob@2024-04-01 shared; event actor.kind"),
        ({"origin.ip": "10.0.0.1"}, "party.person_known", False, "register networks/theirs@2024-04-01 party"),
        ({"actor.subject": "x", "actor.party": "own"}, "party.id", None, "event actor.party names the carrier itself"),
        (
            transfer(destination__claimed_party="own", exposure__party="gov"),
            "recipient.id", "gov", "event exposure.party",
        ),
        (
            transfer(destination__claimed_party="own", destination__claimed_country="US"),
            "recipient.known", False, "but the data goes abroad",
        ),
    ],
)  # fmt: skip
def test_whoever_is_judged_it_is_told_why(event: dict[str, Any], fact: str, value: object, source: str) -> None:
    told = explain_row(frame(event), RegisterIndex(PROXIES, Interpretations()), KEYS)[fact]
    assert told.value == value
    assert source in told.source
