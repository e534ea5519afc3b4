"""Whom an event is judged by, and who receives."""

import itertools
from typing import Any

import pytest

from schemas.interpretations import Interpretations
from schemas.register import Register
from tests.support.facts import asset, dotted, facts_of, identity, party, register, transfer

KNOWN = register(
    parties=(party("acme"), party("aws", "cloud_provider", "US", accounts=("aws:123456789012",))),
    identities=(identity("bob", "acme"), identity("batch", "acme"), identity("pool", "acme", shared=True)),
    assets=(asset(), asset("copy", operator="aws"), asset("ours"), asset("dangling", operator="nobody")),
)
GRANT = {"event.kind": "grant", "action": "manage", "grantee.issuer": "idp", "grantee.subject": "bob"}


@pytest.mark.parametrize(
    ("change", "counts", "party_id"),
    [("given", True, "acme"), ("changed", True, "acme"), ("revoked", True, "own"), ("given", False, "own")],
)
def test_a_right_is_judged_by_the_grantee_as_if_it_were_used(change: str, party_id: str, *, counts: bool) -> None:
    settings = Interpretations().replace("handling.grant_counts", counts)
    assert facts_of(KNOWN, {**GRANT, "grant.change": change}, settings)["party.id"] == party_id


def behalf(subject: str | None, **more: Any) -> dict[str, Any]:
    """Return a read on behalf of somebody."""
    return {"actor.on_behalf_of.issuer": "idp", "actor.on_behalf_of.subject": subject, **dotted(more)}


GRADED = register(
    parties=(party("acme"), party("gov", "government", "US"), party("police", "government")),
    identities=(
        identity("own-abroad", home_country="US"),
        identity("acme-home", "acme"),
        identity("acme-abroad", "acme", home_country="US"),
        identity("acme-far", "acme", home_country="VN"),
        identity("acme-nowhere", "acme", home_country=None),
        identity("agent", "gov"),
        identity("officer", "police"),
    ),
)
RISING = ("hanako", "own-abroad", "acme-home", "acme-nowhere", "stranger", "acme-abroad", "agent")
"""Who is graver than whom: own, own abroad, a third party's in Japan, somewhere, unknown, a third party's abroad, a
foreign authority's."""


@pytest.mark.parametrize("kind", ["person", None])
@pytest.mark.parametrize(("mild", "grave"), list(itertools.combinations(RISING, 2)))
def test_of_who_acts_and_who_is_acted_for_the_graver_one_is_judged(mild: str, grave: str, kind: str | None) -> None:
    alone = facts_of(GRADED, {"actor.subject": grave})
    for actor, other in ((mild, grave), (grave, mild)):
        facts = facts_of(GRADED, behalf(other, actor__subject=actor, actor__kind=kind))
        for name in ("party.key", "party.identity_ref", "party.foreign_countries", "party.abroad"):
            assert facts[name] == alone[name]


@pytest.mark.parametrize(
    ("actor", "other", "kind", "judged"),
    [
        ("acme-abroad", "acme-far", "person", "acme-abroad"),
        ("acme-far", "acme-abroad", "person", "acme-far"),
        ("acme-abroad", "acme-far", "service", "acme-far"),
        ("acme-home", "officer", "person", "acme-home"),
        ("acme-abroad", "acme-home", "service", "acme-abroad"),
        ("own-abroad", "hanako", "service", "hanako"),
    ],
    ids=["alike", "alike too", "alike but a service", "a Japanese authority", "no own service", "an own service"],
)
def test_of_two_alike_the_actor_is_judged_unless_it_is_a_service(
    actor: str, other: str, kind: str, judged: str
) -> None:
    facts = facts_of(GRADED, behalf(other, actor__subject=actor, actor__kind=kind))
    assert facts["party.identity_ref"].startswith(f"identities/id-{judged}@")


def test_a_grantee_is_judged_whomever_the_one_who_grants_acts_for() -> None:
    facts = facts_of(KNOWN, {**GRANT, "grant.change": "given", **behalf("stranger")})
    assert facts["party.id"] == "acme"


def test_the_claim_to_act_for_the_carrier_proves_nothing_and_the_liars_are_told_apart() -> None:
    liars = [facts_of(KNOWN, {"actor.subject": name, "actor.party": "own"}) for name in ("one", "other")]
    assert [facts["party.id"] for facts in liars] == [None, None]
    assert [facts["party.claimed"] for facts in liars] == [False, False]
    assert liars[0]["party.key"] != liars[1]["party.key"]


def test_somebody_unknown_who_is_acted_for_makes_the_party_unknown() -> None:
    facts = facts_of(KNOWN, {"actor.on_behalf_of.subject": "stranger"})
    assert facts["party.known"] is False
    assert facts["party.person_known"] is False
    assert facts["party.third_party"] is None


@pytest.mark.parametrize(
    ("more", "person_known"),
    [
        ({}, True),
        ({"actor.kind": "service"}, True),
        ({"actor.kind": None}, True),
        ({"actor.kind": "shared"}, False),
        ({"actor.kind": "unknown"}, False),
        ({"actor.subject": "stranger"}, False),
        ({"actor.kind": "shared", "actor.on_behalf_of.issuer": "idp", "actor.on_behalf_of.subject": "bob"}, False),
        ({"actor.subject": "pool", "actor.on_behalf_of.issuer": "idp", "actor.on_behalf_of.subject": "bob"}, False),
        ({"actor.on_behalf_of.issuer": "idp", "actor.on_behalf_of.subject": "pool"}, False),
        ({"actor.on_behalf_of.issuer": "idp", "actor.on_behalf_of.subject": "bob"}, True),
    ],
)
def test_a_shared_account_is_an_unknown_person(more: dict[str, Any], *, person_known: bool) -> None:
    assert facts_of(KNOWN, more)["party.person_known"] is person_known


def test_an_identity_registered_as_shared_is_an_unknown_person_of_a_known_party() -> None:
    facts = facts_of(register(identities=(identity("pool", shared=True),)), {"actor.subject": "pool"})
    assert (facts["party.id"], facts["party.person_known"]) == ("own", False)


@pytest.mark.parametrize(
    ("event", "recipient"),
    [
        (transfer(destination__claimed_party="acme"), "acme"),
        (transfer(destination__claimed_asset="copy"), "aws"),
        (transfer(destination__claimed_asset="copy", destination__claimed_party="acme"), "acme"),
        (transfer(destination__claimed_asset="ours", exposure__party="acme"), "acme"),
        ({"exposure.to": "named_party", "exposure.party": "aws:123456789012"}, "aws"),
        ({"exposure.party": "acme"}, "acme"),
        (transfer(destination__claimed_asset="ours"), None),
        (transfer(destination__claimed_asset="dangling"), None),
        ({"exposure.to": "public"}, None),
        ({}, None),
    ],
)
def test_the_recipient_is_whom_the_transfer_names_then_the_operator_then_whom_data_is_exposed_to(
    event: dict[str, Any], recipient: str | None
) -> None:
    facts = facts_of(KNOWN, event)
    assert facts["recipient.id"] == recipient
    assert facts["recipient.known"] is (True if recipient else None)


@pytest.mark.parametrize(
    ("destination", "exposure", "recipient"),
    [
        ("own", {"to": "named_party", "party": "acme"}, "acme"),
        ("acme", {"to": "named_party", "party": "own"}, "acme"),
        ("acme", {"to": "named_party", "party": "home"}, "acme"),
        ("acme", {"to": "named_party", "party": "aws"}, "aws"),
        ("aws", {"to": "named_party", "party": "nobody"}, "aws"),
        ("acme", {"to": "named_party", "party": "nobody"}, None),
        ("nobody", {"to": "government", "party": "gov"}, "gov"),
        ("gov", {"to": "named_party", "party": "nobody"}, "gov"),
        ("aws", {"to": "government", "party": "police"}, "aws"),
        ("aws", {"to": "government", "party": "police", "country": "US"}, "police"),
        ("aws", {"to": "government"}, None),
        ("aws", {"to": "government", "country": "JP"}, "aws"),
        ("aws", {"to": "public"}, "aws"),
    ],
)
def test_of_the_destinations_party_and_whom_data_is_exposed_to_the_graver_one_receives(
    destination: str, exposure: dict[str, str], recipient: str | None
) -> None:
    governments = (party("gov", "government", "US"), party("police", "government"))
    known = register(parties=(party("acme"), party("home"), party("aws", "cloud_provider", "US"), *governments))
    sent = transfer(destination__claimed_party=destination, destination__claimed_country="JP")
    facts = facts_of(known, {**sent, **{f"exposure.{name}": value for name, value in exposure.items()}})
    assert facts["recipient.id"] == recipient
    assert facts["recipient.known"] is (recipient is not None)


def test_exposure_to_an_account_that_nobody_registered_has_an_unknown_recipient() -> None:
    facts = facts_of(KNOWN, {"exposure.to": "named_party", "exposure.party": "aws:999999999999"})
    assert (facts["recipient.known"], facts["recipient.claimed"]) == (False, True)
    assert facts["recipient.key"].startswith("unknown:")
    assert "999999999999" not in facts["recipient.key"]


def test_exposure_to_nobody_knows_whom_has_an_unknown_recipient() -> None:
    facts = facts_of(KNOWN, {"exposure.to": "unknown", "exposure.country": "KP"})
    assert facts["recipient.known"] is False
    assert facts["recipient.key"] == "unknown:unnamed"


def test_exposure_to_a_party_without_a_name_has_an_unknown_recipient() -> None:
    facts = facts_of(KNOWN, {"exposure.to": "named_party"})
    assert (facts["recipient.known"], facts["recipient.claimed"]) == (False, False)
    assert facts["recipient.key"] == "unknown:unnamed"


@pytest.mark.parametrize(
    ("name", "known"), [("acme", True), ("aws:123456789012", True), ("aws:1", False), (None, None)]
)
def test_whom_an_exposure_names_is_told_beside_a_transfer_too(name: str | None, *, known: bool | None) -> None:
    event = transfer(destination__claimed_party="acme", exposure__party=name)
    assert facts_of(KNOWN, event)["exposure.party_known"] is known


def test_acts_are_not_judged() -> None:
    facts = facts_of(KNOWN, {"event.kind": "act", "act.kind": "evidence_read"})
    assert {name for name, value in facts.items() if value is not None} == {
        "position.source", "position.partition", "position.offset", "position.part", "event.kind", "event.id",
        "event.source", "event.time", "actor.issuer", "actor.subject", "actor.kind", "asset.claimed_id",
        "origin.country", "action", "outcome", "act.kind",
    }  # fmt: skip


@pytest.mark.parametrize(
    ("one", "other", "same"),
    [
        ({"actor.party": "x"}, {"actor.party": "x", "actor.subject": "somebody else"}, True),
        ({"actor.party": "x"}, {"actor.party": "y"}, False),
        ({"actor.subject": "a"}, {"actor.subject": "b"}, False),
        ({"actor.subject": "a"}, {"actor.subject": "a", "actor.issuer": "other"}, False),
        ({"actor.issuer": "a", "actor.subject": None}, {"actor.issuer": None, "actor.subject": "a"}, False),
    ],
)
def test_unknown_parties_are_told_apart_by_what_the_event_says(
    one: dict[str, Any], other: dict[str, Any], *, same: bool
) -> None:
    keys = [facts_of(Register(), event)["party.key"] for event in (one, other)]
    assert (keys[0] == keys[1]) is same
    assert all(key.startswith("unknown:") for key in keys)
