"""Facts of handlers: for whom somebody works, where they handle data, and what is on record of their party."""

import datetime as dt
from typing import Any

import pytest

from schemas.interpretations import Interpretations
from schemas.register import Appi28Basis, CloudException, Network, Review, Selection
from tests.support.facts import DAY, LONG_AGO, asset, country, facts_of, identity, line, party, register, transfer

BOB = {"actor.subject": "bob"}
TODAY = dt.timedelta(days=0)


def bob(home: str | None = "JP", settings: Interpretations | None = None, **of_acme: Any) -> dict[str, Any]:
    """Return the facts of a read by Bob of Acme."""
    known = register(parties=(party("acme", **of_acme),), identities=(identity("bob", "acme", home_country=home),))
    return facts_of(known, BOB, settings)


@pytest.mark.parametrize(
    ("network", "mmdb", "claim", "place"),
    [
        ("JP", "US", None, "JP"),
        (None, "US", "JP", "US"),
        (None, None, "JP", "JP"),
        (None, None, None, None),
        ("JP", None, "US", "US"),
        (None, "JP", "US", "US"),
        ("US", "JP", "JP", "US"),
        ("SG", None, "US", "SG"),
    ],
)
def test_the_network_tells_the_place_before_mmdb_and_claim_but_never_hides_a_foreign_claim(
    network: str | None, mmdb: str | None, claim: str | None, place: str | None
) -> None:
    known = register(networks=(Network(id="n", cidr="10.0.0.0/8", country=network, valid_from=LONG_AGO),))
    facts = facts_of(known, {"origin.ip": "10.0.0.1", "origin.country": claim}, geo=lambda _ip: mmdb)
    assert facts["party.place_country"] == place


@pytest.mark.parametrize(
    ("basis", "seat", "home", "place", "abroad", "foreign"),
    [
        ("either", "JP", "JP", "JP", False, None),
        ("either", "US", "JP", "JP", True, "US"),
        ("either", "JP", "SG", "JP", True, "SG"),
        ("either", "JP", "JP", "CN", True, "CN"),
        ("either", "US", "SG", "US", True, "SG+US"),
        ("either", None, "JP", "JP", None, None),
        ("either", "JP", None, "JP", None, None),
        ("either", "JP", "JP", None, None, None),
        ("either", None, None, "US", True, "US"),
        ("party", "JP", "US", "US", False, None),
        ("party", None, "JP", "JP", None, None),
        ("party", "US", "JP", "JP", True, "US"),
        ("location", "US", "JP", "JP", False, None),
        ("location", "JP", "US", "JP", True, "US"),
        ("location", "JP", None, "JP", None, None),
        ("location", "JP", "JP", None, None, None),
    ],
)
def test_abroad_needs_one_foreign_country_and_domestic_needs_all_of_them(
    basis: str, seat: str | None, home: str | None, place: str | None, foreign: str | None, *, abroad: bool | None
) -> None:
    settings = Interpretations().replace("handling.country_basis", basis)
    known = register(parties=(party("acme", country=seat),), identities=(identity("bob", "acme", home_country=home),))
    facts = facts_of(known, {**BOB, "origin.country": place}, settings)
    assert (facts["party.abroad"], facts["party.foreign_countries"]) == (abroad, foreign)


@pytest.mark.parametrize(
    ("event", "abroad"),
    [
        ({"actor.kind": "service", "origin.country": None}, False),
        ({"actor.kind": "person", "origin.country": None}, None),
        ({"actor.kind": None, "origin.country": None}, None),
        ({"actor.kind": "service", "origin.country": None, "origin.ip": "192.0.2.1"}, None),
        ({"event.kind": "grant", "grantee.issuer": "idp", "grantee.subject": "bob", "origin.country": "US"}, False),
    ],
    ids=["a service at home", "a person somewhere", "somebody", "a service from an unknown address", "a grantee"],
)
def test_the_place_is_not_asked_of_a_service_without_origin_or_of_a_grantee(
    event: dict[str, Any], *, abroad: bool | None
) -> None:
    known = register(parties=(party("acme"),), identities=(identity("bob", "acme"),))
    assert facts_of(known, {**BOB, **event})["party.abroad"] is abroad


@pytest.mark.parametrize(
    ("basis", "found"),
    [("contracting_entity", "JP"), ("operating_entity", "SG"), ("ultimate_parent", "US")],
)
def test_the_setting_says_which_entity_locates_a_party_and_nothing_stands_in_for_it(basis: str, found: str) -> None:
    settings = Interpretations().replace("third_party.country_basis", basis)
    entities = {"contracting_country": "JP", "operating_country": "SG", "parent_country": "US"}
    assert bob(settings=settings, **entities)["party.country"] == found
    field = {"JP": "contracting_country", "SG": "operating_country", "US": "parent_country"}[found]
    assert bob(settings=settings, **{**entities, field: None})["party.country"] is None


@pytest.mark.parametrize(
    ("kind", "subcontractor"),
    [
        ("subcontractor", True), ("re_subcontractor", True), ("cloud_provider", True), ("group_company", True),
        ("government", False), ("other", False), ("own", False),
    ],
)  # fmt: skip
def test_supervision_applies_to_whom_handles_on_our_behalf(kind: str, *, subcontractor: bool) -> None:
    assert bob(kind=kind)["party.subcontractor"] is subcontractor


@pytest.mark.parametrize(
    ("settings", "subcontractor"),
    [
        (Interpretations(), False),
        (Interpretations().replace("cloud_exception.enabled", value=False), True),
        (Interpretations().replace("cloud_exception.removes", ()), True),
    ],
)
def test_a_valid_cloud_exception_lifts_supervision_if_the_settings_say_so(
    settings: Interpretations, *, subcontractor: bool
) -> None:
    evidence = CloudException(contract_no_handling_clause=True, access_control_in_place=True, evidence_date=LONG_AGO)
    facts = bob(settings=settings, kind="cloud_provider", cloud_exception=evidence)
    assert facts["party.subcontractor"] is subcontractor


@pytest.mark.parametrize(
    ("codes", "home", "lists"),
    [
        (("US",), "US", True),
        ((), "US", False),
        (("US",), "SG", False),
        (("SG", "US"), "SG", True),
        (("US",), None, False),
    ],
)
def test_the_policy_lists_outsourcing_only_if_every_country_is_known_and_listed(
    codes: tuple[str, ...], home: str | None, *, lists: bool
) -> None:
    known = register(
        parties=(party("acme", country="US"),), identities=(identity("bob", "acme", home_country=home),),
        policy=[line("outsourcing", code) for code in codes],
    )  # fmt: skip
    facts = facts_of(known, BOB)
    assert facts["party.policy_lists_outsourcing"] is lists
    assert facts["party.countries_known"] is (home is not None)


def test_neither_the_carrier_itself_nor_handling_in_japan_needs_a_line() -> None:
    assert facts_of(register(), {"origin.country": "US"})["party.policy_lists_outsourcing"] is None
    assert bob()["party.policy_lists_outsourcing"] is None


def test_of_the_carrier_itself_no_supervision_is_asked() -> None:
    facts = facts_of(register())
    names = ("selected", "review_current", "appi28_valid", "contract", "contract_in_force", "contract_ended",
             "asset_in_scope", "resub_approved")  # fmt: skip
    assert [facts[f"party.{name}"] for name in names] == [None] * len(names)
    assert facts["party.third_party"] is False


def test_of_an_unknown_party_nothing_is_on_record() -> None:
    facts = facts_of(register(), {"actor.subject": "stranger"})
    names = ("selected", "review_current", "appi28_valid", "contract_in_force", "contract_ended", "cloud_exception",
             "policy_lists_outsourcing")  # fmt: skip
    assert [facts[f"party.{name}"] for name in names] == [False] * len(names)
    assert facts["party.abroad"] is None


@pytest.mark.parametrize(
    ("ages", "current"),
    [([0], True), ([365], True), ([366], False), ([-1], False), ([], False), ([-10, 400], False), ([400, 10], True)],
)
def test_a_review_is_current_until_the_last_day_of_the_interval(ages: list[int], *, current: bool) -> None:
    reviews = tuple(Review(date=DAY - dt.timedelta(days=age), result="good") for age in ages)
    assert bob(reviews=reviews)["party.review_current"] is current


@pytest.mark.parametrize(("age", "selected"), [(0, True), (1000, True), (-1, False)])
def test_a_selection_counts_from_its_date_on(age: int, *, selected: bool) -> None:
    assert bob(selection=Selection(date=DAY - dt.timedelta(days=age)))["party.selected"] is selected


@pytest.mark.parametrize(
    ("kind", "since", "confirmed", "valid"),
    [
        ("consent", 2000, None, True),
        ("equivalent_country", 2000, None, True),
        ("consent", -1, None, False),
        ("equivalent_measures", 365, None, True),
        ("equivalent_measures", 366, None, False),
        ("equivalent_measures", 2000, 365, True),
        ("equivalent_measures", 2000, 366, False),
        ("equivalent_measures", 2000, -1, False),
    ],
)
def test_equivalent_measures_must_be_confirmed_once_a_year(
    kind: Any, since: int, confirmed: int | None, *, valid: bool
) -> None:
    basis = Appi28Basis(
        kind=kind,
        since=DAY - dt.timedelta(days=since),
        confirmed_on=None if confirmed is None else DAY - dt.timedelta(days=confirmed),
    )
    assert bob(appi28=basis)["party.appi28_valid"] is valid


def test_a_recipient_handles_where_the_data_goes() -> None:
    known = register(parties=(party("acme"),), countries=(country("US"),), policy=(line("outsourcing", "US"),))
    facts = facts_of(known, transfer(destination__claimed_party="acme", destination__region="us-east-1"))
    assert (facts["recipient.country"], facts["recipient.place_country"]) == ("JP", "US")
    assert facts["recipient.abroad"] is True
    assert facts["recipient.policy_lists_outsourcing"] is True
    assert facts["recipient.assessment"] == "current"
    assert facts["recipient.home_country"] is None
    assert facts["recipient.person_known"] is None


def test_a_recipient_in_japan_is_domestic_only_if_the_data_stays_in_japan_too() -> None:
    known = register(parties=(party("acme"),))
    unknown = facts_of(known, transfer(destination__claimed_party="acme"))
    stays = facts_of(known, transfer(destination__claimed_party="acme", destination__claimed_country="JP"))
    assert (unknown["recipient.abroad"], stays["recipient.abroad"]) == (None, False)


def test_an_exposure_asks_for_no_place_but_looks_at_the_one_it_names() -> None:
    known = register(parties=(party("acme"),), assets=(asset(),))
    exposed = {"exposure.to": "named_party", "exposure.party": "acme"}
    assert facts_of(known, exposed)["recipient.abroad"] is False
    assert facts_of(known, {**exposed, "exposure.country": "US"})["recipient.abroad"] is True
