"""Whom somebody works for: the register, then what the event says of others, and never a mere claim to be the carrier."""

import pytest

from schemas.register import Network
from tests.support.facts import LONG_AGO, asset, facts_of, identity, party, register, transfer


@pytest.mark.parametrize(
    ("subject", "claim", "network", "found"),
    [
        ("bob", None, None, "acme"),
        ("bob", "other", None, "acme"),
        ("eve", "other", None, "other"),
        ("eve", "aws:1", None, "other"),
        ("eve", None, "other", "other"),
        ("eve", "nobody", "other", None),
        ("eve", None, "own", None),
        ("eve", "own", None, None),
        ("eve", "own", "other", None),
        ("bob", "own", None, "acme"),
        ("eve", None, None, None),
        ("dangling", "other", None, None),
    ],
)
def test_the_identity_tells_the_party_then_the_event_then_a_third_partys_network(
    subject: str, claim: str | None, network: str | None, found: str | None
) -> None:
    known = register(
        parties=(party("acme"), party("other", accounts=("aws:1",))),
        identities=(identity("bob", "acme"), identity("dangling", "nobody"), identity("eve", None)),
        networks=(Network(id="n", cidr="10.0.0.0/8", party=network, valid_from=LONG_AGO),),
    )
    facts = facts_of(known, {"actor.subject": subject, "actor.party": claim, "origin.ip": "10.0.0.1"})
    assert facts["party.id"] == found
    assert facts["party.known"] is (found is not None)
    assert facts["party.claimed"] is (found is None and claim not in {None, "own"})


@pytest.mark.parametrize(
    ("subject", "network", "person_known"),
    [
        ("hanako", "acme", False),
        ("hanako", "kr", False),
        ("hanako", "branch", True),
        ("hanako", "aws", True),
        ("hanako", "own", True),
        ("hanako", "nobody", True),
        ("hanako", None, True),
        ("bob", "other", True),
    ],
)
def test_an_own_identity_in_a_network_where_only_others_work_may_be_somebody_else(
    subject: str, network: str | None, *, person_known: bool
) -> None:
    group = (party("kr", "group_company"), party("branch", "group_company", legal_personality=False))
    known = register(
        parties=(party("acme"), party("other"), party("aws", "cloud_provider"), *group),
        identities=(identity("bob", "acme"),),
        networks=(Network(id="n", cidr="10.0.0.0/8", party=network, country="JP", valid_from=LONG_AGO),),
    )
    facts = facts_of(known, {"actor.subject": subject, "origin.ip": "10.0.0.1"})
    assert facts["party.person_known"] is person_known
    assert facts["party.id"] == ("own" if subject == "hanako" else "acme")


@pytest.mark.parametrize(
    ("destination", "recipient"),
    [
        ({"claimed_country": "JP"}, "own"),
        ({}, "own"),
        ({"claimed_country": "US"}, None),
        ({"region": "us-east-1"}, None),
        ({"claimed_asset": "ours"}, "own"),
        ({"claimed_asset": "ours-abroad"}, "own"),
        ({"claimed_asset": "copy"}, "aws"),
        ({"claimed_asset": "dangling"}, "own"),
    ],
)
def test_data_goes_to_the_carrier_itself_only_if_register_and_country_do_not_speak_against_it(
    destination: dict[str, str], recipient: str | None
) -> None:
    places = (asset("copy", operator="aws"), asset("ours", operator="own"), asset("dangling", operator="nobody"),
              asset("ours-abroad", operator="own", equipment_country="US"))  # fmt: skip
    known = register(parties=(party("aws", "cloud_provider"),), assets=(asset(), *places))
    event = {f"destination.{name}": value for name, value in {"claimed_party": "own", **destination}.items()}
    facts = facts_of(known, transfer() | event)
    assert (facts["recipient.id"], facts["recipient.claimed"]) == (recipient, False)
