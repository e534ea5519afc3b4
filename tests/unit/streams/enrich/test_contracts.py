"""Contracts: which one counts, and what lies in its scope."""

import datetime as dt
from typing import Any

import pytest

from schemas.register import OutsourcingContract, ResubApproval
from tests.support.facts import DAY, LONG_AGO, asset, contract, facts_of, identity, party, register, transfer

BOB = {"actor.subject": "bob", "records.fields": ["name"], "records.users": ["u1", "u2", "u2"], "purpose": "support"}
NAMED = {"assets": ("crm-db",), "fields": ("name", "phone"), "privileges": ("read",), "purposes": ("support",),
         "countries": ("JP",)}  # fmt: skip
DAY_AFTER = DAY + dt.timedelta(days=1)


def read(*contracts: OutsourcingContract, event: dict[str, Any] | None = None, **bob: Any) -> dict[str, Any]:
    """Return the facts of a read by Bob of Acme under these contracts."""
    known = register(
        parties=(party("acme"), party("other")), identities=(identity("bob", "acme", **bob),), contracts=contracts,
        assets=(asset(), asset("other-db")),
    )  # fmt: skip
    return facts_of(known, {**BOB, **(event or {})})


def scoped(**scope: Any) -> OutsourcingContract:
    return contract(scope={**NAMED, **scope})


def test_everything_named_by_the_scope_is_in_scope() -> None:
    facts = read(scoped())
    names = ("asset", "fields", "privileges", "purpose", "countries", "users")
    assert {facts[f"party.{name}_in_scope"] for name in names} == {True}
    assert facts["party.contract"] == "c1"
    assert facts["party.contract_in_force"] is True
    assert facts["party.resub_approved"] is None


@pytest.mark.parametrize(
    ("fact", "event"),
    [
        ("asset", {"asset.claimed_id": "other-db"}),
        ("asset", {"asset.claimed_id": "unregistered"}),
        ("fields", {"records.fields": ["name", "address"]}),
        ("privileges", {"action": "export"}),
        ("purpose", {"purpose": "Support"}),
        ("purpose", {"purpose": ""}),
        ("countries", {"origin.country": "US"}),
    ],
)
def test_what_the_scope_does_not_name_is_out_of_scope_and_nothing_else(fact: str, event: dict[str, Any]) -> None:
    facts = read(scoped(), event=event)
    names = ("asset", "fields", "privileges", "purpose", "countries", "users")
    assert {name for name in names if facts[f"party.{name}_in_scope"] is False} == {fact}


@pytest.mark.parametrize(
    ("name", "fact"),
    [("assets", "asset"), ("fields", "fields"), ("privileges", "privileges"), ("purposes", "purpose"),
     ("countries", "countries")],
)  # fmt: skip
def test_an_absent_or_empty_list_allows_nothing_and_a_star_everything(name: str, fact: str) -> None:
    for allowed, found in ((None, False), ((), False), (("*",), True)):
        assert read(scoped(**{name: allowed}))[f"party.{fact}_in_scope"] is found


@pytest.mark.parametrize(
    ("fact", "event"),
    [("fields", {"records.fields": None}), ("purpose", {"purpose": None}), ("countries", {"origin.country": None})],
)
def test_what_the_event_does_not_tell_is_neither_in_scope_nor_out_of_it(fact: str, event: dict[str, Any]) -> None:
    assert read(scoped(), event=event)[f"party.{fact}_in_scope"] is None


def test_one_country_outside_the_scope_is_enough_even_if_another_is_unknown() -> None:
    assert read(scoped(), event={"origin.country": None}, home_country="US")["party.countries_in_scope"] is False


@pytest.mark.parametrize(
    ("limit", "users", "within"),
    [(None, None, True), (2, ["a", "b", "a"], True), (1, ["a", "b"], False), (0, [], True), (2, None, None)],
)
def test_distinct_users_of_the_event_are_held_against_the_limit(
    limit: int | None, users: list[str] | None, *, within: bool | None
) -> None:
    facts = read(scoped(users_per_day=limit), event={"records.users": users})
    assert facts["party.users_in_scope"] is within


def test_one_record_may_be_of_many_users() -> None:
    facts = read(scoped(users_per_day=1), event={"records.users": None, "records.count": 1})
    assert facts["party.users_in_scope"] is None


def test_a_grant_is_held_against_the_scope_by_its_privileges_not_by_the_granters_action() -> None:
    grant = {"event.kind": "grant", "action": "manage", "grantee.issuer": "idp", "grantee.subject": "bob"}
    known = scoped(privileges=("select",))
    for privileges, found in ((["select"], True), (["select", "drop"], False), (None, None)):
        facts = read(known, event={**grant, "actor.subject": "hanako", "grant.privileges": privileges})
        assert facts["party.privileges_in_scope"] is found


def test_what_is_sent_to_a_recipient_is_no_act_of_the_recipient() -> None:
    known = register(parties=(party("acme"),), contracts=(scoped(privileges=("read",)),))
    facts = facts_of(known, transfer(destination__claimed_party="acme", destination__claimed_country="JP"))
    assert facts["recipient.privileges_in_scope"] is None
    assert facts["recipient.asset_in_scope"] is True
    assert facts["recipient.countries_in_scope"] is True


@pytest.mark.parametrize(
    ("more", "in_force", "ended"),
    [
        ({}, True, False),
        ({"valid_to": DAY}, False, True),
        ({"valid_to": DAY_AFTER}, True, False),
        ({"valid_from": DAY}, True, False),
        ({"valid_from": DAY_AFTER}, False, True),
        ({"sui_terms": False}, False, False),
    ],
)
def test_a_contract_counts_within_its_period_and_with_its_terms(
    more: dict[str, Any], *, in_force: bool, ended: bool
) -> None:
    facts = read(contract(**more))
    assert (facts["party.contract_in_force"], facts["party.contract_ended"]) == (in_force, ended)


def test_without_a_contract_nothing_is_said_of_a_scope() -> None:
    facts = read(contract("c9", "other"))
    assert facts["party.contract"] is None
    assert (facts["party.contract_in_force"], facts["party.contract_ended"]) == (False, False)
    assert facts["party.asset_in_scope"] is None
    assert facts["party.users_in_scope"] is None


def test_of_several_contracts_the_one_that_allows_the_work_counts() -> None:
    narrow, wide = contract("a", scope={**NAMED, "assets": ("other-db",)}), contract("b", scope=NAMED)
    assert read(narrow, wide)["party.contract"] == "b"
    assert read(narrow, wide, event={"asset.claimed_id": "other-db"})["party.contract"] == "a"
    assert read(contract("b"), contract("a"))["party.contract"] == "a"
    assert read(contract("a", sui_terms=False), narrow.model_copy(update={"id": "b"}))["party.contract"] == "b"


def test_an_identity_that_names_its_contract_handles_under_that_one_only() -> None:
    assert read(contract("c1"), contract("c2", scope=NAMED), contract="c2")["party.contract"] == "c2"
    ended = read(contract("c1"), contract("c2", valid_to=DAY), contract="c2")
    assert (ended["party.contract_in_force"], ended["party.contract_ended"]) == (False, True)
    foreign = read(contract("c1"), contract("c2", "other"), contract="c2")
    assert (foreign["party.contract_in_force"], foreign["party.contract_ended"]) == (False, False)


def resub(*approvals: ResubApproval, purpose: str | None = "support", middle: str = "subcontractor") -> dict[str, Any]:
    """Return the facts of a read by Bob of Small, who works for Middle, who works for Acme if it is a link itself."""
    linked = middle == "re_subcontractor"
    known = register(
        parties=(
            party("acme"),
            party("middle", middle, principal="acme" if linked else None),
            party("small", "re_subcontractor", principal="middle"),
        ),
        identities=(identity("bob", "small"),),
        contracts=(contract(party_id="acme" if linked else "middle", resub_approvals=approvals),),
    )
    return facts_of(known, {**BOB, "purpose": purpose})


def approval(party_id: str = "small", work: str = "*", since: dt.date = LONG_AGO, **more: Any) -> ResubApproval:
    return ResubApproval(party=party_id, work=work, approved_on=since, **more)


@pytest.mark.parametrize(
    ("given", "purpose", "approved"),
    [
        ((), "support", False),
        ((approval(),), "support", True),
        ((approval(work="support"),), "support", True),
        ((approval(work="billing"),), "support", False),
        ((approval(work="support"),), None, False),
        ((approval(),), None, True),
        ((approval("middle"),), "support", False),
        ((approval(since=DAY),), "support", True),
        ((approval(since=DAY_AFTER),), "support", False),
        ((approval(until=DAY),), "support", False),
        ((approval(until=DAY_AFTER),), "support", True),
    ],
)
def test_a_re_subcontractor_is_approved_for_contract_work_and_time(
    given: tuple[ResubApproval, ...], purpose: str | None, *, approved: bool
) -> None:
    facts = resub(*given, purpose=purpose)
    assert facts["party.contract"] == "c1"
    assert facts["party.principal"] == "middle"
    assert facts["party.resub_approved"] is approved


def test_every_link_of_a_longer_chain_needs_its_approval() -> None:
    assert resub(approval(), middle="re_subcontractor")["party.resub_approved"] is False
    assert resub(approval(), approval("middle"), middle="re_subcontractor")["party.resub_approved"] is True


def test_a_chain_that_bites_its_tail_has_no_contract() -> None:
    known = register(
        parties=(party("a", "re_subcontractor", principal="b"), party("b", "re_subcontractor", principal="a")),
        identities=(identity("bob", "a"),),
    )
    facts = facts_of(known, BOB)
    assert (facts["party.contract_in_force"], facts["party.resub_approved"]) == (False, False)
